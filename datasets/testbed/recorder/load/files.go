package load

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

// WriteFiles writes the FTP server's files below root and returns their names; users may store files in root/incoming.
func WriteFiles(root string, source *rand.Rand) ([]string, error) {
	incoming := filepath.Join(root, "incoming")
	if err := os.MkdirAll(incoming, 0o777); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	for path, mode := range map[string]os.FileMode{incoming: 0o777, root: 0o755} { // vsftpd refuses a root that the user may write to
		if err := os.Chmod(path, mode); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	var names []string
	for i := range 40 {
		name := fmt.Sprintf("pub/%s/volume%d.txt", []string{"papers", "letters", "tables"}[i%3], i)
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		if err := os.WriteFile(path, []byte(Text(source, LogNormal(source, 6000, 1.3, 50, 250_000))), 0o644); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}

// FTP is a session with the file server: listings, files in both directions, passive and active.
func FTP(p *Person) error {
	host, six := p.address(lab.Files)
	if six {
		host = "[" + host + "]"
	}
	file := func() string { return p.plan.Files[p.Source.IntN(len(p.plan.Files))] }
	mode := [][]string{nil, {"--disable-epsv"}, {"-P", "-"}}[p.pick(3, 2, 3)]
	curl := func(args ...string) error {
		return p.run("curl", append(append([]string{"-s", "--max-time", "50"}, mode...), args...)...)
	}
	switch p.pick(5, 3, 4, 2, 5, 1) {
	case 0:
		return curl("-o", "/dev/null", "ftp://"+host+"/"+file())
	case 1:
		return curl("ftp://"+host+"/"+filepath.Dir(file())+"/", "-o", "/dev/null")
	case 2: // several files over one control connection
		var args []string
		for range 2 + p.Source.IntN(5) {
			args = append(args, "-o", "/dev/null", "ftp://"+host+"/"+file())
		}
		return curl(args...)
	case 3:
		path := filepath.Join(p.plan.Dir, p.Name+".up")
		if err := os.WriteFile(path, []byte(Text(p.Source, LogNormal(p.Source, 5000, 1.2, 20, 150_000))), 0o644); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		return curl("-T", path, fmt.Sprintf("ftp://%s/incoming/%s-%d.txt", host, p.Name, p.number))
	case 4: // somebody who looks around
		commands := []string{"set net:timeout 20", "set net:max-retries 1", "set ftp:passive-mode " + []string{"on", "off"}[p.Source.IntN(2)], "open ftp://" + host}
		for range 2 + p.Source.IntN(5) {
			commands = append(commands, fmt.Sprintf("sleep %d", min(1+int(p.think().Seconds()/8), 9)))
			if p.chance(2) {
				commands = append(commands, "cls /"+filepath.Dir(file()))
			} else {
				commands = append(commands, "cat /"+file())
			}
		}
		return p.run("lftp", "-c", strings.Join(commands, "; "))
	default: // no such file
		return curl("-o", "/dev/null", "ftp://"+host+"/pub/missing.txt")
	}
}

// SSH is a remote command, a file in either direction, or somebody at a shell.
func SSH(p *Person) error {
	host, six := p.address(lab.Shell)
	options := []string{"-q", "-F", "none", "-i", filepath.Join(p.plan.Root, "sshd", "key"), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "BatchMode=yes", "-o", "ConnectTimeout=20"}
	if p.mind%3 == 0 {
		options = append(options, "-o", "Ciphers=aes128-ctr", "-o", "MACs=hmac-sha2-256")
	}
	bracketed := host
	if six {
		bracketed = "[" + host + "]"
	}
	size := LogNormal(p.Source, 4000, 1.3, 10, 35_000)
	const text = "/usr/share/common-licenses/GPL-3"
	switch p.pick(4, 2, 3, 5) {
	case 0:
		return p.run("ssh", append(options, "root@"+host, fmt.Sprintf("head -c %d %s", size, text))...)
	case 1:
		return p.run("scp", append(options, fmt.Sprintf("root@%s:/usr/share/common-licenses/%s", bracketed, []string{"BSD", "Artistic", "GPL-1"}[p.Source.IntN(3)]), "/dev/null")...)
	case 2:
		batch := filepath.Join(p.plan.Dir, p.Name+".sftp")
		commands := fmt.Sprintf("ls /usr/share/common-licenses\nget /usr/share/common-licenses/BSD %s\n", filepath.Join(p.plan.Dir, p.Name+".got"))
		if err := os.WriteFile(batch, []byte(strings.Repeat(commands, 1+p.Source.IntN(2))), 0o644); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		return p.run("sftp", append(append([]string{"-b", batch}, options...), "root@"+bracketed)...)
	default:
		return p.typing(-1.9, p.lines(0.1, 8, append(p.shellCommands(), "exit")...), append([]string{"ssh", "-tt"}, append(options, "root@"+host)...)...)
	}
}

// Telnet is somebody at the old machine's shell.
func Telnet(p *Person) error {
	host, _ := p.address(lab.Old)
	return p.typing(-1.8, p.lines(0.1, 10, append(p.shellCommands(), "exit")...), "telnet", host)
}

// shellCommands are some that tell nothing of the machine that the testbed runs on.
func (p *Person) shellCommands() []string {
	all := []string{"date", "echo hello world", "cat /usr/share/common-licenses/BSD", "head -n 8 /usr/share/common-licenses/GPL-2", "ls /usr/share/common-licenses",
		"wc /usr/share/common-licenses/GPL-3", "expr 6 \\* 7", "seq 1 40", "grep -c free /usr/share/common-licenses/GPL-3", "sleep 1; date"}
	p.Source.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+p.Source.IntN(5)]
}
