package lab

import (
	"fmt"
	"strings"
)

// Hosts of the second capture's servers.
var (
	Files   = Host{Name: "files", Number: 0x21, IPv4: "10.77.200.21", IPv6: "fd77::2:21"}
	Shell   = Host{Name: "shell", Number: 0x22, IPv4: "10.77.200.22", IPv6: "fd77::2:22"}
	Old     = Host{Name: "old", Number: 0x23, IPv4: "10.77.200.23", IPv6: "fd77::2:23"}
	Mailbox = Host{Name: "mailbox", Number: 0x8f, IPv4: "10.77.200.143", IPv6: "fd77::2:143"}
	Chat    = Host{Name: "chat", Number: 0x66, IPv4: "10.77.200.66", IPv6: "fd77::2:66"}
	Phone   = Host{Name: "phone", Number: 0x50, IPv4: "10.77.200.50", IPv6: "fd77::2:50"}
	Clock   = Host{Name: "clock", Number: 0x7b, IPv4: "10.77.200.123", IPv6: "fd77::2:123"}
	Network = Host{Name: "network", Number: 0x17, IPv4: "10.77.200.17", IPv6: "fd77::2:17"} // LoRaWAN network server
	Router  = Host{Name: "router", Number: 0x01 | 0x40, IPv4: "10.77.200.1", IPv6: "fd77::2:1"}
)

// FTP serves the folder below root to anonymous users, who may store files in root/incoming.
func FTP(root string) Server {
	return Server{Name: "vsftpd", Host: Files, Port: 21,
		Files: map[string]string{"empty/none": "vsftpd locks itself up here; nobody may write.\n", "vsftpd.conf": `listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=YES
local_enable=NO
write_enable=YES
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_root=` + root + `
ftp_username=ftp
no_anon_password=YES
secure_chroot_dir={{dir}}/empty
xferlog_enable=YES
vsftpd_log_file={{dir}}/vsftpd.log
connect_from_port_20=YES
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
ftpd_banner=Testbed file server
`},
		Command: []string{"vsftpd", "{{dir}}/vsftpd.conf"}}
}

// SSH takes the key that lies in its folder as "key".
func SSH() Server {
	return Server{Name: "sshd", Host: Shell, Port: 22,
		Files: map[string]string{"sshd_config": `Port 22
HostKey {{dir}}/host
AuthorizedKeysFile {{dir}}/key.pub
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
PrintMotd no
PrintLastLog no
PidFile {{dir}}/sshd.pid
MaxStartups 100
Subsystem sftp internal-sftp
`, "start": `#!/bin/sh
set -e
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -C testbed -f {{dir}}/host
ssh-keygen -q -t ed25519 -N '' -C testbed -f {{dir}}/key
exec /usr/sbin/sshd -D -e -f {{dir}}/sshd_config
`},
		Command: []string{"{{dir}}/start"}}
}

// Inetd serves Telnet (a shell without login), Finger, Time and Daytime.
func Inetd() Server {
	var conf strings.Builder
	for _, family := range []string{"tcp4", "tcp6only"} {
		fmt.Fprintf(&conf, "telnet stream %s nowait root /usr/sbin/telnetd telnetd -h -E /bin/sh\n", family)
		fmt.Fprintf(&conf, "finger stream %s nowait nobody /usr/sbin/in.fingerd in.fingerd\n", family)
		fmt.Fprintf(&conf, "time stream %s nowait root internal\ndaytime stream %s nowait root internal\n", family, family)
	}
	return Server{Name: "inetd", Host: Old, Port: 23, Folders: []string{"home"},
		Files:   map[string]string{"inetd.conf": conf.String(), "home/notes.txt": strings.Repeat("Buy milk, mend the bicycle, call the plumber.\n", 40)},
		Env:     []string{"HOME={{dir}}/home", "PS1=$ ", "LC_ALL=C", "TERM=vt100"},
		Command: []string{"inetutils-inetd", "-d", "-p{{dir}}/inetd.pid", "{{dir}}/inetd.conf"}}
}

// Dovecot serves IMAP and POP3 for users whose password is "secret"; the folder mail has a Maildir for each.
func Dovecot(mail string) Server {
	return Server{Name: "dovecot", Host: Mailbox, Port: 143, Folders: []string{"run", "state"},
		Files: map[string]string{"dovecot.conf": `protocols = imap pop3
listen = {{ipv4}}, {{ipv6}}
base_dir = {{dir}}/run
state_dir = {{dir}}/state
log_path = {{dir}}/dovecot.log
mail_location = maildir:` + mail + `/%u
disable_plaintext_auth = no
ssl = no
auth_mechanisms = plain login cram-md5
first_valid_uid = 1
mail_max_userip_connections = 50
passdb {
  driver = static
  args = password={PLAIN}secret
}
userdb {
  driver = static
  args = uid=mail gid=mail home=` + mail + `/%u
}
namespace inbox {
  inbox = yes
}
`},
		Command: []string{"dovecot", "-F", "-c", "{{dir}}/dovecot.conf"}}
}

// IRC is ngircd.
func IRC() Server {
	return Server{Name: "ngircd", Host: Chat, Port: 6667,
		Files: map[string]string{"ngircd.conf": `[Global]
Name = chat.example.test
Info = Testbed chat
AdminInfo1 = Testbed
AdminEMail = operations@example.test
Listen = {{ipv4}},{{ipv6}}
Ports = 6667
PidFile = {{dir}}/ngircd.pid
ServerUID = nobody
ServerGID = nogroup
MotdPhrase = "Welcome to the testbed"
[Limits]
PingTimeout = 20
PongTimeout = 15
MaxConnectionsIP = 0
[Options]
DNS = no
Ident = no
PAM = no
Ipv6 = yes
`},
		Command: []string{"ngircd", "-n", "-f", "{{dir}}/ngircd.conf"}}
}

// SIP answers calls; six says over which version of IP.
func SIP(six bool) Server {
	s := Server{Name: "sipp4", Host: Phone, Command: []string{"sipp", "-sn", "uas", "-i", "{{ipv4}}", "-p", "5060", "-nostdin", "-trace_err"}, Port: 5060}
	if six {
		s.Name, s.Command[4] = "sipp6", "[{{ipv6}}]"
	}
	return s
}

// NTP serves this machine's time and does not touch its clock.
func NTP() Server {
	return Server{Name: "chronyd", Host: Clock, Port: 123,
		Files: map[string]string{"chrony.conf": `local stratum 3
allow all
cmdport 0
pidfile {{dir}}/chronyd.pid
driftfile {{dir}}/drift
bindcmdaddress {{dir}}/chronyd.sock
`},
		Command: []string{"chronyd", "-x", "-d", "-f", "{{dir}}/chrony.conf", "-u", "root"}}
}

// RIP is a router that tells of its networks, number by number.
func RIP(h Host, name string, first int) Server {
	conf := "log \"{{dir}}/bird.log\" all;\nrouter id {{ipv4}};\nprotocol device { }\nprotocol static {\n  ipv4;\n"
	for i := range 12 {
		conf += fmt.Sprintf("  route 10.%d.0.0/16 blackhole;\n", first+i)
	}
	conf += `}
protocol rip {
  ipv4 { import all; export all; };
  interface "eth0" { mode multicast; update time 11; version 2; };
}
`
	return Server{Name: name, Host: h, Files: map[string]string{"bird.conf": conf},
		Command: []string{"bird", "-f", "-c", "{{dir}}/bird.conf", "-s", "{{dir}}/bird.ctl", "-P", "{{dir}}/bird.pid"}}
}

// HTTPS serves the folder site with a certificate of its own.
func HTTPS(site string) Server {
	s := Nginx(site)
	s.Name, s.Port = "nginx-tls", 443
	conf := strings.ReplaceAll(s.Files["nginx.conf"], ":80;", ":443 ssl;")
	s.Files["nginx.conf"] = strings.Replace(conf, "server_name _;", "server_name _;\n    ssl_certificate {{dir}}/own.pem;\n    ssl_certificate_key {{dir}}/own.key;", 1)
	s.Files["start"] = `#!/bin/sh
set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=www.example.test -keyout {{dir}}/own.key -out {{dir}}/own.pem
exec nginx -c {{dir}}/nginx.conf -e {{dir}}/log/error.log
`
	s.Command = []string{"{{dir}}/start"}
	return s
}
