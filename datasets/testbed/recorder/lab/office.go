package lab

// Nginx serves the folder site.
func Nginx(site string) Server {
	return Server{Name: "nginx", Host: Web, Port: 80, Folders: []string{"log", "temporary"},
		Files: map[string]string{"nginx.conf": `daemon off;
master_process off;
pid {{dir}}/nginx.pid;
error_log {{dir}}/log/error.log;
events { worker_connections 512; }
http {
  include /etc/nginx/mime.types;
  default_type text/plain;
  access_log {{dir}}/log/access.log combined;
  client_body_temp_path {{dir}}/temporary/body;
  proxy_temp_path {{dir}}/temporary/proxy;
  fastcgi_temp_path {{dir}}/temporary/fastcgi;
  uwsgi_temp_path {{dir}}/temporary/uwsgi;
  scgi_temp_path {{dir}}/temporary/scgi;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 9s;
  keepalive_requests 200;
  client_max_body_size 4m;
  server_tokens on;
  server {
    listen {{ipv4}}:80;
    listen [{{ipv6}}]:80;
    server_name _;
    root ` + site + `/$host;
    location = /form { return 303 /thanks.html; }
    location = /upload { return 201 "stored\n"; }
    location = /old { return 301 /index.html; }
    location = /api/ping { return 204; }
    location = /api/state { default_type application/json; return 200 "{\"state\": \"ready\", \"queue\": 3, \"time\": \"$time_iso8601\"}\n"; }
    location /app/ { proxy_pass http://127.0.0.1:8080; proxy_http_version 1.1; }
    location /slow/ { limit_rate_after 20k; limit_rate 60k; }
  }
}
`},
		Command: []string{"nginx", "-c", "{{dir}}/nginx.conf", "-e", "{{dir}}/log/error.log"}}
}

// Application is what nginx passes /app/ on to: pages that take some time to make, log-normal around 40 ms, of the size in the address.
// It listens on the loopback interface alone, so the capture shows its time and not its connections.
func Application() Server {
	return Server{Name: "app", Host: Web, Port: 8080, Files: map[string]string{"app.py": `import http.server, random, sys, time
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(min(random.lognormvariate(-3.2, 1.1), 4))
        size = int(self.path.rsplit("/", 1)[1])
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Set-Cookie", "visit=%08x" % random.getrandbits(32))
        self.end_headers()
        self.wfile.write((b"<p>One of the results that were found for your question.</p>\n" * (size // 60 + 1))[:size])
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Page).serve_forever()
`}, Command: []string{"python3", "{{dir}}/app.py"}}
}

// Exim takes mail for example.test and throws it away after the final dot, as a site that archives elsewhere would.
func Exim() Server {
	return Server{Name: "exim", Host: Mail, Port: 25, Folders: []string{"log", "spool"},
		Files: map[string]string{"exim.conf": `primary_hostname = mail.example.test
domainlist local_domains = example.test : lists.example.test
spool_directory = {{dir}}/spool
log_file_path = {{dir}}/log/%slog
pid_file_path = {{dir}}/exim.pid
exim_user = root
exim_group = root
daemon_smtp_ports = 25
local_interfaces = <; {{ipv4}} ; {{ipv6}}
disable_ipv6 = false
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
smtp_accept_max = 200
smtp_accept_max_per_host = 50
smtp_enforce_sync = true
message_size_limit = 400K
acl_smtp_rcpt = rcpt
acl_smtp_data = data
acl_smtp_vrfy = vrfy
begin acl
rcpt:
  deny message = relay not permitted
       !domains = +local_domains
  deny message = no such user
       local_parts = ^nobody[0-9]* : ^postmaster-old
  defer message = mailbox busy, try later
       local_parts = busy
  accept delay = ${if match{$local_part}{\N^list\N}{1s}{0s}}
data:
  discard
vrfy:
  accept
begin routers
null:
  driver = accept
  transport = null
begin transports
null:
  driver = appendfile
  file = /dev/null
  user = nobody
`},
		Command: []string{"exim4", "-C", "{{dir}}/exim.conf", "-bdf"}}
}

// Bind is authoritative for the zones of the folder zones, whose files are named db.ZONE.
func Bind(zones map[string]string) Server {
	files := map[string]string{}
	conf := `options {
  directory "{{dir}}";
  pid-file "{{dir}}/named.pid";
  session-keyfile none;
  listen-on { {{ipv4}}; };
  listen-on-v6 { {{ipv6}}; };
  recursion no;
  allow-transfer { any; };
  notify no;
  version "none";
  hostname "ns1.example.test";
  server-id none;
};
controls { };
`
	for zone, text := range zones {
		files["db."+zone] = text
		conf += "zone \"" + zone + "\" { type primary; file \"{{dir}}/db." + zone + "\"; };\n"
	}
	files["named.conf"] = conf
	return Server{Name: "named", Host: Name, Port: 53, Files: files, Command: []string{"named", "-c", "{{dir}}/named.conf", "-g", "-n", "1"}}
}

// SNMP answers for the host Switch: communities public (version 1 and 2c) and user monitor (version 3, authNoPriv).
func SNMP() Server {
	return Server{Name: "snmpd", Host: Switch, Port: 161, Folders: []string{"state"},
		Env: []string{"SNMP_PERSISTENT_DIR={{dir}}/state"},
		Files: map[string]string{"snmpd.conf": `agentAddress udp:{{ipv4}}:161,udp6:[{{ipv6}}]:161
sysName switch1.example.test
sysDescr Testbed switch, net-snmp agent
sysLocation Rack 7, machine room
sysContact operations@example.test
sysServices 2
view shown included .1.3.6.1.2.1.1
view shown included .1.3.6.1.2.1.2
view shown included .1.3.6.1.2.1.4
view shown included .1.3.6.1.2.1.5
view shown included .1.3.6.1.2.1.6
view shown included .1.3.6.1.2.1.7
view shown included .1.3.6.1.2.1.11
view shown included .1.3.6.1.2.1.31
rocommunity public default -V shown
rocommunity6 public default -V shown
createUser monitor SHA "a long pass phrase"
rouser monitor auth -V shown
dontLogTCPWrappersConnects yes
`},
		Command: []string{"snmpd", "-f", "-Lf", "{{dir}}/snmpd.log", "-p", "{{dir}}/snmpd.pid", "-C", "-c", "{{dir}}/snmpd.conf"}}
}
