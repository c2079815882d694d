package trace

import (
	"fmt"
	"io"
	"testing"
	"time"
)

// A stream that is waited for says how much has come, again and again.
func TestStreamSaysHowFarItIs(t *testing.T) {
	r, w := io.Pipe()
	defer r.Close()
	said := 0
	twice := make(chan struct{})
	in := &interruptible{ctx: t.Context(), in: r, name: "pipe", every: time.Millisecond, say: func(message string) {
		if message != "reading pipe: 5 bytes so far" {
			return // nothing has come yet
		}
		if said++; said == 2 {
			close(twice)
		}
	}}
	go func() {
		fmt.Fprint(w, "hello")
		<-twice
		w.Close()
	}()
	all, err := io.ReadAll(in)
	if err != nil || string(all) != "hello" {
		t.Errorf("%q, %v", all, err)
	}
	if said < 2 {
		t.Errorf("said %d times", said)
	}
}
