package github

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// TokenKind is the kind of a token.
type TokenKind string

// The kinds of tokens.
const (
	UserToken         TokenKind = "user"         // personal access token
	InstallationToken TokenKind = "installation" // of an App
	ActionsToken      TokenKind = "actions"      // GITHUB_TOKEN of a workflow
)

// Token says what a secret may do.
type Token struct {
	// Login is whose token it is: a user, or an App's name[bot]. It is left
	// empty for an Actions token, which is github-actions[bot]'s.
	Login string
	Kind  TokenKind
	// Permissions are GitHub's names (contents, pull_requests, issues,
	// workflows, administration) with read or write; nil for all of them, but
	// never workflows for an Actions token.
	Permissions map[string]string
	// Repositories are those, owner/name, that the token was given; nil for
	// all. An Actions token has exactly one.
	Repositories []string

	owner        *account // of the installation; nil for any
	expires      time.Time
	app          *app
	installation *installation
	number       int64 // in messages about its limits
}

// AddToken lets a secret do what t says, making its account if need be.
func (s *Server) AddToken(secret string, t Token) {
	s.locked(func() {
		switch t.Kind {
		case "":
			t.Kind = UserToken
		case ActionsToken:
			t.Login = actionsLogin
		}
		s.person(t.Login)
		t.number = s.newID()
		s.tokens[secret] = &t
	})
}

// account returns whose token it is.
func (s *Server) account(t *Token) *account { return s.person(t.Login) }

// authenticate returns the token of a request; nil where it has none.
func (s *Server) authenticate(r *http.Request) (*Token, error) {
	secret := bearer(r)
	if secret == "" {
		return nil, nil //nolint:nilnil // without a token one may read what is public
	}
	if t, ok := s.tokens[secret]; ok && (t.expires.IsZero() || s.now().Before(t.expires)) {
		return t, nil
	}
	if strings.Count(secret, ".") == 2 {
		return s.appToken(secret)
	}
	return nil, &apiError{Status: http.StatusUnauthorized, Message: "Bad credentials"}
}

func bearer(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return strings.TrimSpace(secret)
	}
	return ""
}

// grants reports whether the token was given the repository.
func (t *Token) grants(r *repository) bool {
	if t == nil || t.isApp() || t.owner != nil && t.owner != r.owner {
		return false
	}
	return t.Repositories == nil && t.Kind != ActionsToken ||
		slices.ContainsFunc(t.Repositories, func(n string) bool { return fold(n) == fold(r.fullName()) })
}

// sees reports whether the repository exists for the token.
func (t *Token) sees(r *repository) bool { return !r.options.Private || t.grants(r) }

// may reports whether the token has a permission, read or write, on the
// repository.
func (t *Token) may(r *repository, permission, level string) bool {
	if !t.grants(r) {
		return !r.options.Private && level == "read"
	}
	if t.Kind == ActionsToken && permission == "workflows" {
		return false
	}
	if t.Permissions == nil || permission == "metadata" && level == "read" {
		return true
	}
	has := t.Permissions[permission]
	return has == "write" || has == "admin" || has == level
}

// isApp reports whether it is an App's own JWT, which can do nothing but ask
// about installations.
func (t *Token) isApp() bool { return t.app != nil && t.installation == nil }

// signs reports whether GitHub signs what is committed with the token by REST.
func (t *Token) signs() bool { return t.Kind == InstallationToken || t.Kind == ActionsToken }

// refusal is GitHub's sentence for a permission that is missing.
func (t *Token) refusal() string {
	if t == nil || t.Kind == UserToken {
		return "Resource not accessible by personal access token"
	}
	return "Resource not accessible by integration"
}
