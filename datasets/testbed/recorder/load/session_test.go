package load

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestSessions runs every kind of session with a stand-in for ip, which writes down what would have run. Each command runs in the
// person's namespace, is of a known program, and talks to nobody but the testbed: no other address, no name of the real internet.
func TestSessions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	if err := os.WriteFile(filepath.Join(dir, "ip"), []byte("#!/bin/sh\nprintf '%s\\n' \"$*\" >>\""+log+"\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	plan := &Plan{Dir: filepath.Join(dir, "clients"), Root: dir}
	var err error
	if err = os.MkdirAll(plan.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if plan.Sites, err = WriteSites(filepath.Join(dir, "sites"), source(1)); err != nil {
		t.Fatal(err)
	}
	if plan.Files, err = WriteFiles(filepath.Join(dir, "files"), source(1)); err != nil {
		t.Fatal(err)
	}
	programs := map[string]bool{}
	for i, p := range append(Office(), Services()...) {
		p.plan, p.ctx, p.Source = plan, context.Background(), source(uint64(i))
		p.mind = p.Source.IntN(1 << 20)
		for range 5 {
			p.number++
			if err := p.Act(p); err != nil {
				t.Fatalf("%s: %v", p.Name, err)
			}
		}
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(log); err != nil {
			t.Fatal(err)
		}
		prefix := "netns exec " + p.Client.Namespace() + " "
		if !strings.HasPrefix(string(text), prefix) {
			t.Errorf("%s runs %q", p.Name, text)
		}
		for _, command := range strings.Split("\n"+string(text), "\n"+prefix)[1:] {
			programs[strings.Fields(command)[0]] = true
			checkAddresses(t, p.Name, command)
		}
	}
	for _, program := range strings.Fields("curl wget python3 swaks msmtp dig snmpget snmpwalk snmpbulkwalk lftp ssh scp sftp mpop sipp ntpdig chronyd rdate finger ping") {
		if !programs[program] {
			t.Errorf("no session ran %s", program)
		}
		delete(programs, program)
	}
	for _, more := range []string{"snmpbulkget", "snmpgetnext"} {
		delete(programs, more)
	}
	for program := range programs {
		t.Errorf("a session ran %s", program)
	}
}

var (
	four  = regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	six   = regexp.MustCompile(`\b[0-9a-f]{1,4}::?[0-9a-f:]+\b`)
	names = regexp.MustCompile(`(?i)(?:://|@)([a-z][a-z0-9.-]*\.[a-z]+)`)
)

func checkAddresses(t *testing.T, person, command string) {
	t.Helper()
	networks := []netip.Prefix{netip.MustParsePrefix("10.77.0.0/16"), netip.MustParsePrefix("fd77::/64")}
	command = regexp.MustCompile(`\.1\.3\.6\.1[.0-9]*|(?:Mozilla|okhttp|Chrome|Lynx)[^ ]*.*?(?: -H| -o|$)`).ReplaceAllString(command, "") // object identifiers, versions
	for _, text := range append(four.FindAllString(command, -1), six.FindAllString(command, -1)...) {
		a, err := netip.ParseAddr(text)
		if err == nil && !networks[0].Contains(a) && !networks[1].Contains(a) {
			t.Errorf("%s: address %v in %q", person, a, command)
		}
	}
	for _, m := range names.FindAllStringSubmatch(command, -1) {
		if !strings.HasSuffix(m[1], ".test") {
			t.Errorf("%s: name %s in %q", person, m[1], command)
		}
	}
}
