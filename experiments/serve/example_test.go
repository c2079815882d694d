package serve_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/necstgen/necstgen/experiments/serve"
	"github.com/necstgen/necstgen/experiments/store"
)

// The pages are an http.Handler. A folder that is not there has no runs yet.
func ExampleServer_Handler() {
	pages := serve.New("runs", store.Open("runs/.cache", nil)).Handler()
	for _, host := range []string{"localhost:8080", "another.example"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "http://"+host+"/", nil)
		pages.ServeHTTP(w, r)
		fmt.Println(host, w.Code, strings.Contains(w.Body.String(), "There is no run yet."))
	}
	// Output:
	// localhost:8080 200 true
	// another.example 421 false
}
