//go:build unix

package slurmtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is a Slurm that runs. Its nodes are called n1 and n2, and have one processor
// each.
type Cluster struct {
	dir  string               // of its configuration, state and logs
	held map[string]time.Time // when tasks that wait for their time were seen first
}

// patience is how long anything may take before a test fails.
const patience = 5 * time.Minute

// Start starts a cluster, which ends with the test. Slurm's programs find it through the
// environment variable SLURM_CONF. Settings are further lines of slurm.conf.
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	for _, name := range []string{"slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not here: want Slurm (Debian: slurmctld slurmd slurm-client)", name)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may start Slurm's daemons here")
	}
	c := &Cluster{dir: t.TempDir(), held: map[string]time.Time{}}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	if err := os.WriteFile(c.file("slurm.conf"), []byte(c.configuration(t, host)+strings.Join(settings, "\n")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.file("state"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_CONF", c.file("slurm.conf"))
	t.Cleanup(func() { c.stop(t) })
	c.daemon(t, "slurmctld", "-D")
	c.daemon(t, "slurmd", "-D", "-N", "n1")
	c.daemon(t, "slurmd", "-D", "-N", "n2")
	c.Until(t, "both nodes are idle", func() bool {
		out, err := exec.Command("sinfo", "--noheader", "--format=%T %D").Output()
		return err == nil && strings.TrimSpace(string(out)) == "idle 2"
	})
	return c
}

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

// configuration is the text of slurm.conf.
func (c *Cluster) configuration(t testing.TB, host string) string {
	p := ports(t, 3)
	return fmt.Sprintf(`ClusterName=test
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[3]d
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
SlurmdTimeout=6
MessageTimeout=2
KillWait=5
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool-%%n
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/%%n.pid
SlurmctldLogFile=%[2]s/slurmctld.log
SlurmdLogFile=%[2]s/%%n.log
NodeName=n1 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[4]d CPUs=1
NodeName=n2 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[5]d CPUs=1
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
`, host, c.dir, p[0], p[1], p[2])
}

// ports returns n free ports of loopback.
func ports(t testing.TB, n int) []int {
	t.Helper()
	var all []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // at the end, or the next one would have the same port
		all = append(all, l.Addr().(*net.TCPAddr).Port)
	}
	return all
}

// daemon starts one, and ends it with the test.
func (c *Cluster) daemon(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "SLURMD_NODENAME="+args[len(args)-1])
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go cmd.Wait() // its end is looked for in /proc
}

// stop ends all that runs on the cluster, and the cluster.
func (c *Cluster) stop(t testing.TB) {
	for _, args := range [][]string{{"scancel", "--user=root"}, {"scontrol", "shutdown"}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Logf("%v: %v: %s", args, err, out)
		}
	}
	deadline := time.Now().Add(5 * time.Second)
	for len(c.processes(t, "")) > 0 && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	c.kill(t, "")
	if t.Failed() {
		for _, name := range []string{"slurmctld.log", "n1.log", "n2.log"} {
			text, _ := os.ReadFile(c.file(name))
			t.Logf("%s:\n%s", name, text[max(0, len(text)-4000):])
		}
	}
}

// KillNode ends a node's daemon and all that it runs, as if its machine had lost power.
func (c *Cluster) KillNode(t testing.TB, node string) {
	t.Helper()
	if c.kill(t, node) == 0 {
		t.Fatalf("nothing runs on %s", node)
	}
}

// KillNodeWhile is KillNode at a moment when busy holds: it stops what runs on the node,
// and if busy then holds no more, because a task ended in between, lets it go on and
// reports false.
func (c *Cluster) KillNodeWhile(t testing.TB, node string, busy func() bool) bool {
	t.Helper()
	if !busy() {
		return false
	}
	c.signal(t, node, syscall.SIGSTOP)
	if !busy() {
		c.signal(t, node, syscall.SIGCONT)
		return false
	}
	c.KillNode(t, node)
	return true
}

// StartNode starts the daemon of a node again.
func (c *Cluster) StartNode(t testing.TB, node string) {
	t.Helper()
	c.daemon(t, "slurmd", "-D", "-N", node)
}

// kill ends processes of a node, or of all, until there is none, and returns how many
// there were.
func (c *Cluster) kill(t testing.TB, node string) (killed int) {
	t.Helper()
	for len(c.processes(t, node)) > 0 {
		killed += c.signal(t, node, syscall.SIGKILL)
		time.Sleep(20 * time.Millisecond)
	}
	return killed
}

// signal sends a signal to the processes of a node, or of all, and returns how many there
// were.
func (c *Cluster) signal(t testing.TB, node string, s syscall.Signal) (sent int) {
	t.Helper()
	for _, pid := range c.processes(t, node) {
		if err := syscall.Kill(pid, s); err == nil {
			sent++
		}
	}
	return sent
}

// processes lists the processes whose environment says that they belong to this cluster,
// and to the node: its daemon, and what that has started. "" is every node, and the
// controller.
func (c *Cluster) processes(t testing.TB, node string) (pids []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil {
			continue // it has ended
		}
		variables := bytes.Split(text, []byte{0})
		has := func(variable string) bool {
			return slices.ContainsFunc(variables, func(v []byte) bool { return string(v) == variable })
		}
		if !has("SLURM_CONF="+c.file("slurm.conf")) || !slices.ContainsFunc(variables, func(v []byte) bool { return bytes.HasPrefix(v, []byte("SLURMD_NODENAME=")) }) {
			continue
		}
		if node == "" || has("SLURMD_NODENAME="+node) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Release lets tasks that were queued again begin: Slurm holds them back for two minutes.
// One that was queued less than two seconds ago stays held, because a node refuses a task
// that begins in the second in which it has ended.
func (c *Cluster) Release(t testing.TB) {
	t.Helper()
	out, err := exec.Command("squeue", "--noheader", "--array", "--states=PENDING", "--format=%i|%S|%r").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		hold, held := strings.CutSuffix(strings.TrimSpace(line), "|BeginTime")
		if !held {
			continue
		}
		if _, seen := c.held[hold]; !seen {
			c.held[hold] = time.Now()
		}
		if time.Since(c.held[hold]) < 2*time.Second {
			continue
		}
		id, _, _ := strings.Cut(hold, "|")
		if out, err := exec.Command("scontrol", "update", "JobId="+id, "StartTime=now").CombinedOutput(); err != nil {
			t.Logf("%s: %v: %s", id, err, out)
		}
	}
}

// Holding calls submit while the cluster takes jobs and starts none, so that their numbers
// follow each other: a task of an array that starts gets a job number of its own.
func (c *Cluster) Holding(t testing.TB, submit func()) {
	t.Helper()
	for _, state := range []string{"DOWN", "UP"} {
		if out, err := exec.Command("scontrol", "update", "PartitionName=main", "State="+state).CombinedOutput(); err != nil {
			t.Fatalf("slurmtest: %v: %s", err, out)
		}
		if state == "DOWN" {
			submit()
		}
	}
}

// Until waits until something holds, and fails the test if it takes too long.
func (c *Cluster) Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			out, _ := exec.Command("squeue", "--array").CombinedOutput()
			t.Fatalf("waited %v until %s\n%s", patience, what, out)
		}
	}
}
