package gitlab

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// TokenKind is the kind of a token.
type TokenKind string

// The kinds of tokens.
const (
	PersonalToken TokenKind = "personal"
	ProjectToken  TokenKind = "project"
	GroupToken    TokenKind = "group"
	OAuthToken    TokenKind = "oauth" // is given as a bearer only
	JobToken      TokenKind = "job"   // CI_JOB_TOKEN
)

// Roles, as GitLab numbers them.
const (
	Guest      = 10
	Reporter   = 20
	Developer  = 30
	Maintainer = 40
	Owner      = 50
)

// Token says what a secret may do.
type Token struct {
	// Login is whose token it is. Left empty for a project's or group's token,
	// a bot of its own is made; [Server.Login] names it.
	Login string
	Kind  TokenKind // PersonalToken where it is empty
	// Scopes are GitLab's: api, read_api, read_repository, read_registry ...;
	// nil for api.
	Scopes []string
	// Projects are full paths of those projects, and groups with all below
	// them, that its account is a member of; nil for all. A project's, group's
	// or job's token has exactly one.
	Projects []string
	// Role is what its account is there, Maintainer where it is 0.
	Role int

	number  int64
	account *account
	expired bool
}

// AddToken lets a secret do what t says, making its account if need be.
func (s *Server) AddToken(secret string, t Token) {
	s.locked(func() {
		if t.Kind == "" {
			t.Kind = PersonalToken
		}
		if t.Role == 0 {
			t.Role = Maintainer
		}
		if t.Scopes == nil {
			t.Scopes = []string{"api"}
		}
		t.Scopes, t.Projects = slices.Clone(t.Scopes), slices.Clone(t.Projects)
		t.number = s.newID()
		if bot := t.Kind == ProjectToken || t.Kind == GroupToken; bot && t.Login == "" {
			t.Login = fmt.Sprintf("%s_%d_bot_%08x", t.Kind, s.numberOf(t.Projects), t.number)
			t.account = s.bot(t.Login)
		} else {
			t.account = s.person(t.Login)
			t.account.bot = t.account.bot || bot
		}
		s.tokens[secret] = &t
	})
}

// Login returns whose token that is; empty for one that is not there.
func (s *Server) Login(secret string) (login string) {
	s.locked(func() {
		if t := s.tokens[secret]; t != nil {
			login = t.Login
		}
	})
	return login
}

// ExpireToken has a token be refused from now on.
func (s *Server) ExpireToken(secret string) {
	s.locked(func() {
		if t := s.tokens[secret]; t != nil {
			t.expired = true
		}
	})
}

// numberOf is the number of the project or group that a token is of.
func (s *Server) numberOf(paths []string) int64 {
	for _, path := range paths {
		if p := s.projects[fold(path)]; p != nil {
			return p.id
		}
		if n := s.namespaces[fold(path)]; n != nil {
			return n.id
		}
	}
	return 0
}

// authenticate returns the token of a request; nil where it has none.
func (s *Server) authenticate(r *http.Request) (*Token, error) {
	secret, how := credential(r)
	if secret == "" {
		return nil, nil //nolint:nilnil // without a token one may read what is public
	}
	t := s.tokens[secret]
	switch {
	case t == nil, t.Kind == JobToken && how != "job", t.Kind == OAuthToken && how != "bearer", t.Kind != JobToken && how == "job":
		return nil, unauthorized()
	case t.expired:
		return nil, &apiError{Status: http.StatusUnauthorized, Fields: jsonObject{
			"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization or token refresh.",
		}}
	}
	return t, nil
}

// credential returns the secret of a request and how it was given: as a
// private, job or bearer token.
//
// Spec: GitLab's "REST API authentication".
func credential(r *http.Request) (secret, how string) {
	if secret := r.Header.Get("Private-Token"); secret != "" {
		return secret, "private"
	}
	if secret := r.Header.Get("Job-Token"); secret != "" {
		return secret, "job"
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(secret), "bearer"
	}
	return "", ""
}

// role is what the token's account is in a project; 0 for no member.
func (t *Token) role(p *project) int {
	if t == nil {
		return 0
	}
	role := t.Role
	if p.space.account == t.account {
		role = Owner
	}
	in := t.Projects == nil || slices.ContainsFunc(t.Projects, func(path string) bool {
		return fold(path) == fold(p.path()) || strings.HasPrefix(fold(p.path()), fold(path)+"/")
	})
	switch {
	case !in && p.space.account != t.account:
		return 0
	case p.options.Role > 0:
		return min(role, p.options.Role)
	}
	return role
}

// sees reports whether the project exists for the token.
func (t *Token) sees(p *project) bool {
	switch p.options.Visibility {
	case Public:
		return true
	case Internal:
		return t != nil
	}
	return t.role(p) >= Guest
}

// has reports whether the token has one of the scopes.
func (t *Token) has(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(t.Scopes, scope) })
}
