package github

import "net/http"

// routes are REST's.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		c, _ := w.(*call)
		c.fail(notFound())
	})
	return mux
}
