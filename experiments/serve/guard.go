package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// policy is the Content-Security-Policy of a page: it loads from this server alone, runs
// no script but the one file, and is in no frame. Figures have their colours in style
// attributes, which can load nothing either.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard refuses what no page of this server asks for, and says to the browser what a page
// may do.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		switch {
		case !s.known(r.Host):
			http.Error(w, fmt.Sprintf("this server does not answer to the name %q: want localhost or 127.0.0.1", r.Host), http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "these pages can only be read: want GET or HEAD", http.StatusMethodNotAllowed)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// known reports whether a request for a host is for this server: another site can give
// its own name this machine's address, but it cannot take the name localhost or an
// address. The port is any, since ssh -L may forward another one.
func (s *Server) known(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if a, err := netip.ParseAddr(name); err == nil {
		return a.Unmap().IsLoopback() || len(s.hosts) > 0
	}
	return slices.ContainsFunc(append(s.hosts, "localhost"), func(host string) bool { return strings.EqualFold(name, host) })
}
