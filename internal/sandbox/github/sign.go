package github

import "github.com/basekeeper/basekeeper/internal/sandbox/git"

// signature stands for GitHub's own: it has the form of one, and says that it
// is none.
const signature = `-----BEGIN PGP SIGNATURE-----

c2lnbmVkIGJ5IHRoZSBzYW5kYm94OiBubyBvbmUgYnV0IHRoZSBzYW5kYm94IGJlbGlldmVzIGl0
-----END PGP SIGNATURE-----
`

// webFlow is who commits what GitHub commits itself.
func (s *Server) webFlow() git.Person {
	return git.Person{Name: "GitHub", Email: webEmail, When: s.now()}
}
