package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Listen opens an address, host:port; port 0 is any that is free. An address by which
// other machines reach this one is refused unless exposed says that they are meant to.
func Listen(ctx context.Context, address string, exposed bool) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("serve: address %q: want host:port, like 127.0.0.1:8080", address)
	}
	if !exposed {
		if err := loopback(ctx, host); err != nil {
			return nil, fmt.Errorf("serve: address %q: %w", address, err)
		}
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("serve: %s: another program listens there: want another port, or port 0 for any that is free", address)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("serve: %s: not allowed: want a port of 1024 or above: %w", address, err)
	case err != nil:
		return nil, fmt.Errorf("serve: %w", err)
	}
	return l, nil
}

// loopback returns an error unless a host is this machine for programs on it alone.
func loopback(ctx context.Context, host string) error {
	const advice = "want 127.0.0.1, [::1] or localhost, or --expose, too, if others shall read all runs"
	if host == "" {
		return errors.New("it is open to other machines: " + advice)
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return fmt.Errorf("%w: want 127.0.0.1:8080 or the like", err)
	}
	for _, a := range addresses {
		if !a.Unmap().IsLoopback() {
			return fmt.Errorf("%s is open to other machines: %s", a.Unmap(), advice)
		}
	}
	return nil
}
