//go:build !(cgo && ((linux && (amd64 || arm64)) || (darwin && arm64)))

package device

import (
	"context"
	"errors"
)

// haveXLA reports whether this build can load XLA plugins.
const haveXLA = false

func openPlugin(plugin, string) (*Device, error) {
	return nil, errors.New("built without XLA")
}

func install(context.Context, Options) (plugin, error) {
	return plugin{}, errors.New("built without XLA")
}
