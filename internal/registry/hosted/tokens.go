package hosted

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// login gets a bearer token in exchange for user and password, once, and again
// when the server says that it is over.
type login struct {
	exchange func(ctx context.Context) (answer, error)

	mu    sync.Mutex
	token string
}

// send sends c with a token.
func (l *login) send(ctx context.Context, a *api, c call) (answer, error) {
	c.login = nil
	token, old, err := l.get(ctx, a, "")
	if err != nil {
		return answer{}, err
	}
	c.authorize = bearer(token)
	got, err := a.send(ctx, c)
	if err != nil || got.status != http.StatusUnauthorized || !old {
		return got, err
	}
	if token, _, err = l.get(ctx, a, token); err != nil {
		return answer{}, err
	}
	c.authorize = bearer(token)
	return a.send(ctx, c)
}

// get returns the token, and whether it was there before; one equal to stale is
// replaced.
func (l *login) get(ctx context.Context, a *api, stale string) (token string, old bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token != "" && l.token != stale {
		return l.token, true, nil
	}
	got, err := l.exchange(ctx)
	if err != nil {
		return "", false, fmt.Errorf("log in: %w", err)
	}
	if got.status != http.StatusOK {
		return "", false, fmt.Errorf("log in: %w", a.statusError(got))
	}
	var said struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	if err := a.decode(got.body, &said); err != nil {
		return "", false, fmt.Errorf("log in: %w", err)
	}
	if said.Token == "" {
		said.Token = said.Access
	}
	if said.Token == "" {
		return "", false, fmt.Errorf("log in: %s answers without a token", a.base.Host)
	}
	l.token = said.Token
	return l.token, false, nil
}

// logins are the logins of one registry, by what they are for.
type logins struct {
	mu sync.Mutex
	by map[string]*login
}

// get returns the login for scope, which makes it when it is needed.
func (l *logins) get(scope string, exchange func(ctx context.Context) (answer, error)) *login {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]*login{}
	}
	if l.by[scope] == nil {
		l.by[scope] = &login{exchange: exchange}
	}
	return l.by[scope]
}

// escapePath escapes a repository's path, which keeps its slashes.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }
