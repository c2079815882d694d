//go:build cgo

package gmm

import _ "github.com/gomlx/go-xla/compute/xla"
