package load

import (
	"encoding/json"
	"fmt"
)

// typist runs a program on a terminal of its own and types into it as people do: key by key, with pauses before lines.
const typist = `import json, os, pty, random, select, signal, sys, time
plan = json.loads(sys.argv[1])
chance = random.Random(plan["seed"])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(plan["command"][0], plan["command"])
def watch(seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            if not os.read(terminal, 4096):
                raise OSError
try:
    for pause, text in plan["lines"]:
        watch(pause)
        for key in text + "\r":
            os.write(terminal, key.encode())
            watch(min(chance.lognormvariate(plan["key"], 0.6), 2))
    watch(4)
except OSError:
    pass
os.close(terminal)
try:
    os.kill(pid, signal.SIGHUP)
except ProcessLookupError:
    pass
os.waitpid(pid, 0)
`

// line is what is typed after a pause in seconds.
type line struct {
	pause float64
	text  string
}

// MarshalJSON is a pair.
func (l line) MarshalJSON() ([]byte, error) { return json.Marshal([]any{l.pause, l.text}) }

// typing runs a program and types lines into it. Keys follow each other in log-normal time with the given logarithm of the median in seconds.
func (p *Person) typing(key float64, lines []line, command ...string) error {
	plan, err := json.Marshal(map[string]any{"seed": p.Source.Uint32(), "command": command, "lines": lines, "key": key})
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return p.run("python3", "typist.py", string(plan))
}

// lines makes lines of texts with this person's pauses, a share of the pause between sessions.
func (p *Person) lines(share float64, longest float64, texts ...string) []line {
	lines := make([]line, len(texts))
	for i, text := range texts {
		lines[i] = line{min(share*p.think().Seconds(), longest), text}
	}
	return lines
}
