//go:build !linux

package main

import "testing"

func fullDisk(t *testing.T) { t.Skip("needs Linux, for a small file system") }
func replayed(t *testing.T) { t.Skip("needs Linux, for network namespaces") }

func interruptedTwice(t *testing.T) { t.Skip("needs Linux, for named pipes") }
