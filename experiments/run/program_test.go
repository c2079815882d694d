package run

import "testing"

func TestProgram(t *testing.T) {
	for _, tt := range []struct{ path, called, want string }{
		{"/tmp/go-build123/b001/exe/experiments", "/tmp/go-build123/b001/exe/experiments", "go run ./experiments"},
		{"/root/.cache/go-build/5b/5bb3-d/experiments", "/root/.cache/go-build/5b/5bb3-d/experiments", "go run ./experiments"},
		{"/data/cache/e9/e93a8fdf6ee2e0465f037a0135f423b130db03d995c250a9ae0da13502c98233-d/experiments", "experiments", "go run ./experiments"},
		{"/home/a/go/bin/experiments", "experiments", "experiments"},
		{"/opt/necstgen", "/opt/necstgen", "necstgen"},
		{`C:/bin/necstgen.exe`, "necstgen.exe", "necstgen"},
	} {
		if got := program(tt.path, tt.called); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
	if got := Program(); got != "go run ./experiments" {
		t.Errorf("of a test: %q", got)
	}
}
