package gitlab

import (
	"net/http"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		callOf(w).fail(&apiError{Status: http.StatusNotFound, Fields: jsonObject{"error": "404 Not Found"}})
	})
	return mux
}

// callOf is the call that a handler of ours writes to.
func callOf(w http.ResponseWriter) *call { return w.(*call) } //nolint:forcetypeassert // nothing else serves by this mux
