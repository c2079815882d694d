// Package serve shows a folder of runs to a browser on the same machine: all runs in a
// table with conditions and orders, each run with its stages, scores, curves and files,
// runs side by side, and sweeps with their points. It writes nothing, and everything that it shows comes from files, so
// it does not matter which process or which machine writes them.
//
// What is under way is looked at again every other second: the script of the page asks
// for the page again, the answer is empty where nothing has changed, and of a page that
// has changed only those parts are replaced that differ. Without a script the same pages
// work, and those of runs under way load themselves again.
//
//	Listen  opens the address, which is one of this machine alone unless others are meant
//	Server  the pages of one folder of runs
//
// Nothing on a page comes from elsewhere, and its Content-Security-Policy holds a browser
// to that. A page of another site that gives its own name this machine's address (DNS
// rebinding) is refused by the Host header, which then has that name.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/store"
)

// Server is the pages of one folder of runs.
type Server struct {
	runs  string
	hosts []string // that requests may be for, beside this machine for programs on it
	list  *listing.Lister
	store *store.Store

	mu        sync.Mutex
	summaries map[string]*summary // of sweeps, by folder
}

// New returns the pages of the runs below a folder, and of what their stages record in a
// store. They answer to requests for localhost and its addresses. hosts are for other
// machines: with them requests may be for one of these names or for any address.
func New(runs string, s *store.Store, hosts ...string) *Server {
	return &Server{runs: runs, hosts: hosts, list: &listing.Lister{Dir: runs}, store: s, summaries: map[string]*summary{}}
}

// Handler returns the pages.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.table)
	mux.HandleFunc("/runs/{experiment}/{id}", s.run)
	mux.HandleFunc("/runs/{experiment}/{id}/{file...}", s.file)
	mux.HandleFunc("/compare", s.compare)
	mux.HandleFunc("/sweeps", s.sweeps)
	mux.HandleFunc("/sweeps/{id}", s.sweep)
	mux.HandleFunc("/style.css", asset("text/css; charset=utf-8", styleText()))
	mux.HandleFunc("/script.js", asset("text/javascript; charset=utf-8", scriptText))
	mux.HandleFunc("/icon.svg", asset("image/svg+xml", iconText))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusNotFound, errors.New("there is no such page"))
	})
	return s.guard(mux)
}

// Serve answers requests until ctx ends, and lets those end that are under way then.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		limited, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		ended <- server.Shutdown(limited)
	})
	err := server.Serve(l)
	if !stop() && errors.Is(err, http.ErrServerClosed) {
		err = <-ended
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) { // a download that goes on is cut
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
