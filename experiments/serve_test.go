package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The command prints where the pages are, and an interruption is how it ends.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	var messages bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- experiments(ctx, strings.NewReader(""), write, &messages, []string{"serve", "--address", "127.0.0.1:0", "--runs", t.TempDir()})
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	if !lines.Scan() {
		t.Fatalf("it says nothing: exit code %d, %s", <-ended, messages.String())
	}
	answer, err := http.Get(lines.Text() + "/")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(page), "There is no run yet.") {
		t.Errorf("%v: %s", err, page)
	}
	cancel()
	if code := <-ended; code != exitDone || messages.Len() > 0 {
		t.Errorf("exit code %d, %s", code, messages.String())
	}
}
