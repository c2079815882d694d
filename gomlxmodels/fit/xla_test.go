//go:build cgo

package fit

import _ "github.com/gomlx/go-xla/compute/xla"
