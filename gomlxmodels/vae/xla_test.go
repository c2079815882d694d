//go:build cgo

package vae

import _ "github.com/gomlx/go-xla/compute/xla"
