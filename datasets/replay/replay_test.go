package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket/pcapgo"

	"github.com/necstgen/necstgen/datasets/capturetest"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/tcp"
)

// Frames leave at their times, at any speed, and a slow one does not delay the others.
func TestReplaySchedule(t *testing.T) {
	for _, speed := range []float64{1, 4, math.Inf(1)} {
		var sent []time.Duration
		var begin time.Time
		send := func([]byte) error {
			if sent == nil {
				begin = time.Now()
			}
			sent = append(sent, time.Since(begin))
			if len(sent) == 3 {
				time.Sleep(10 * time.Millisecond)
			}
			return nil
		}
		done, err := sendAll(context.Background(), send, fewFrames(t, 1), speed)
		if err != nil {
			t.Fatal(err)
		}
		if done.Packets != 14 || int(done.Packets) != len(sent) {
			t.Fatalf("speed %g: sent %d, want 14", speed, done.Packets)
		}
		for i, at := range sent {
			if due := time.Duration(float64(i) * 20e6 / speed); at < due-2*time.Millisecond {
				t.Errorf("speed %g: frame %d left after %v, due after %v", speed, i, at, due)
			}
		}
		if math.IsInf(speed, 1) && done.Duration > 200*time.Millisecond {
			t.Errorf("without pauses it took %v", done.Duration)
		}
	}
}

func TestReplayStops(t *testing.T) {
	frames := fewFrames(t, 1)
	down, sent := errors.New("network is down"), 0
	_, err := sendAll(context.Background(), func([]byte) error {
		if sent++; sent > 5 {
			return down
		}
		return nil
	}, frames, math.Inf(1))
	if !errors.Is(err, down) || !strings.Contains(err.Error(), "after 5 that were sent") {
		t.Errorf("interface that goes down: error %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	frames = fewFrames(t, 1)
	done, err := sendAll(ctx, func([]byte) error { return nil }, frames, 1)
	if !errors.Is(err, context.DeadlineExceeded) || done.Packets == 0 || done.Packets >= 14 {
		t.Errorf("cancelled: error %v after %d packets", err, done.Packets)
	}
}

func TestReplayRefuses(t *testing.T) {
	frames := fewFrames(t, 1)
	for _, speed := range []float64{0, -1, math.NaN()} {
		if _, err := Send(context.Background(), "lo", frames, speed); err == nil || !strings.Contains(err.Error(), "more than 0") {
			t.Errorf("speed %g: error %v", speed, err)
		}
	}
	if os.Geteuid() != 0 {
		if _, err := Send(context.Background(), "lo", frames, 1); err == nil || !strings.Contains(err.Error(), "needs root or CAP_NET_RAW") {
			t.Errorf("without the right to: error %v", err)
		}
	}
	if _, err := Send(context.Background(), "nowhere0", frames, 1); err == nil || !strings.Contains(err.Error(), "nowhere0") {
		t.Errorf("no interface: error %v", err)
	}
}

// The histogram's quantiles are those of the delays, to a sixteenth.
func TestLateness(t *testing.T) {
	var l lateness
	for i := range 100_000 {
		l.add(time.Duration(i+1) * time.Microsecond)
	}
	for _, q := range []float64{0.01, 0.5, 0.99} {
		got, want := l.quantile(q).Seconds(), q*0.1
		if math.Abs(got-want) > want/15 {
			t.Errorf("quantile %g is %g s, want %g", q, got, want)
		}
	}
	if l.most != 100*time.Millisecond {
		t.Errorf("most is %v", l.most)
	}
}

// fewFlows are clean connections of 14 packets, 20 ms apart, starting together.
func fewFlows(n int) []*flow.Flow {
	var flows []*flow.Flow
	for i := range n {
		flows = append(flows, flowtest.Plain(int64(i), flowtest.Epoch+int64(i)*7e6, 14))
	}
	return flows
}

// fewFrames are the frames of so many flows.
func fewFrames(t *testing.T, flows int) iter.Seq2[tcp.Frame, error] {
	t.Helper()
	f, err := tcp.NewFramer(nil, tcp.Options{}, rand.NewPCG(7, 8))
	if err != nil {
		t.Fatal(err)
	}
	return f.Frames(flowtest.Sequence(fewFlows(flows)))
}

// replayFrames are what the namespaces' test sends: 1,400 frames in a second.
func replayFrames(t *testing.T) iter.Seq2[tcp.Frame, error] {
	return fewFrames(t, 100)
}

// childInterface names the interface that the test binary, started again inside
// a network namespace, replays on.
const childInterface = "WIRE_TEST_REPLAY_INTERFACE"

// TestReplayChild is the sending half of TestReplayNamespaces.
func TestReplayChild(t *testing.T) {
	iface := os.Getenv(childInterface)
	if iface == "" {
		t.Skip("runs only inside TestReplayNamespaces")
	}
	done, err := Send(context.Background(), iface, tcp.Ahead(replayFrames(t), 4096), 1)
	if err != nil {
		fmt.Printf("failed after %d: %v\n", done.Packets, err)
		return
	}
	text, err := json.Marshal(done)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("replayed %s\n", text)
}

// One namespace replays, tcpdump captures in the other: every byte arrives, in
// order, at its time.
func TestReplayNamespaces(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
	for _, tool := range []string{"ip", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	near, far := capturetest.Namespaces(t, 1)
	name := filepath.Join(t.TempDir(), "far.pcap")
	stop := capture(t, far, "wire1", name)
	said := runChild(t, near)
	t.Log(said)
	if !strings.HasPrefix(said, "replayed") {
		t.Fatal("the replay failed")
	}
	time.Sleep(200 * time.Millisecond) // tcpdump's reading of its ring
	stop()
	compareCapture(t, name)
	t.Run("interface goes down", func(t *testing.T) {
		down := time.AfterFunc(500*time.Millisecond, func() {
			_ = exec.Command("ip", "-n", near, "link", "set", "wire0", "down").Run()
		})
		defer down.Stop()
		if said := runChild(t, near); !strings.HasPrefix(said, "failed after ") || !strings.Contains(said, "network is down") || strings.Contains(said, "after 0:") {
			t.Errorf("the replay says %q", said)
		}
	})
}

// runChild replays in a namespace and returns what came of it.
func runChild(t *testing.T, namespace string) string {
	t.Helper()
	child := exec.Command("ip", "netns", "exec", namespace, os.Args[0], "-test.run=^TestReplayChild$", "-test.v")
	child.Env = append(os.Environ(), childInterface+"=wire0")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("replay: %v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "replayed") || strings.HasPrefix(line, "failed") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatalf("the replay says nothing: %s", out)
	return ""
}

// capture starts tcpdump in a namespace and returns how to end it.
func capture(t *testing.T, namespace, iface, name string) func() {
	t.Helper()
	dump := exec.Command("ip", "netns", "exec", namespace, "tcpdump", "-Z", "root", "-i", iface, "-w", name, "-U", "-n",
		"--immediate-mode", "-B", "65536", "--time-stamp-precision=nano")
	said, err := dump.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "listening on") {
	}
	return func() {
		_ = dump.Process.Signal(os.Interrupt)
		for lines.Scan() {
		}
		_ = dump.Wait()
	}
}

// compareCapture holds what arrived against what was sent.
func compareCapture(t *testing.T, name string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	arrived, err := pcapgo.NewReader(bufio.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	i, first, begin := 0, int64(0), int64(0)
	var off []float64
	for frame, err := range replayFrames(t) {
		if err != nil {
			t.Fatal(err)
		}
		got, info, err := arrived.ReadPacketData()
		if err != nil {
			t.Fatalf("%d frames arrived, more were sent: %v", i, err)
		}
		if !bytes.Equal(got, frame.Bytes) {
			t.Fatalf("frame %d arrived as %x, was sent as %x", i, got, frame.Bytes)
		}
		if i == 0 {
			first, begin = frame.Packet.Time, info.Timestamp.UnixNano()
		}
		off = append(off, math.Abs(float64(info.Timestamp.UnixNano()-begin-(frame.Packet.Time-first)))/1e3)
		i++
	}
	if _, _, err := arrived.ReadPacketData(); err != io.EOF {
		t.Errorf("more than the %d frames that were sent arrived: %v", i, err)
	}
	slices.Sort(off)
	t.Logf("%d frames; timing error in microseconds: median %.1f, 99 %% %.1f, most %.1f", i, off[len(off)/2], off[len(off)*99/100], off[len(off)-1])
	if median := off[len(off)/2]; median > 5000 { // loose: other work may share the machine
		t.Errorf("median timing error %.0f microseconds, want below 5000", median)
	}
}
