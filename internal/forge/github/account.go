package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// actions is the account behind GITHUB_TOKEN.
const actions = "github-actions[bot]"

// Account returns whose token it is: one request, and none where an earlier
// answer told it.
func (c *Client) Account(ctx context.Context) (forge.Account, error) {
	if known := c.knownAccount(); known.Login != "" {
		return known, nil
	}
	if c.apps != nil {
		app, resp, err := c.rest.Apps.Get(withCall(ctx, call{app: true}), "")
		if err != nil {
			return forge.Account{}, fmt.Errorf("read the App: %w", restError(appKey, resp, err))
		}
		return c.learnAccount(app.GetSlug() + "[bot]"), nil
	}
	var answer struct{ Viewer viewer }
	faults, err := c.query(ctx, "", `query{viewer{login}}`, nil, &answer)
	if err == nil && len(faults) > 0 {
		err = c.fault("", faults[0])
	}
	if err != nil {
		return forge.Account{}, fmt.Errorf("read the account: %w", err)
	}
	return c.learnAccount(answer.Viewer.Login), nil
}

// viewer is who GraphQL thinks is asking; an App's login ends in [bot] here.
type viewer struct{ Login string }

func (c *Client) knownAccount() forge.Account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account
}

// learnAccount notes the login that an answer tells.
func (c *Client) learnAccount(login string) forge.Account {
	if login == "" {
		return c.knownAccount()
	}
	kind := forge.Person
	switch {
	case strings.EqualFold(login, actions):
		kind = forge.Pipeline
	case c.apps != nil, strings.HasSuffix(login, botSuffix), strings.HasPrefix(c.opts.Token, "ghs_"):
		kind = forge.App
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account = forge.Account{Login: login, Kind: kind}
	return c.account
}

const botSuffix = "[bot]"

// actor is an account as GraphQL names the author of a pull request: an App's
// login lacks the suffix that it has elsewhere.
type actor struct {
	Login    string
	Typename string `json:"__typename"`
}

// login returns the login as it is elsewhere; empty for an account that is gone.
func (a *actor) login() string {
	switch {
	case a == nil:
		return ""
	case a.Typename == "Bot" && a.Login != "" && !strings.HasSuffix(a.Login, botSuffix):
		return a.Login + botSuffix
	}
	return a.Login
}

// is reports whether a is account.
func (a *actor) is(account forge.Account) bool {
	login := a.login()
	return login != "" && strings.EqualFold(login, account.Login)
}

// signer is the author or committer of a commit.
type signer struct {
	Name  string
	Email string
	User  *struct{ Login string } // null for most Apps
}

// is reports whether s is account: by the login that GitHub found for the
// address, else by the address that GitHub gives each account.
func (s *signer) is(account forge.Account) bool {
	switch {
	case s == nil || account.Login == "":
		return false
	case s.User != nil && s.User.Login != "":
		return strings.EqualFold(s.User.Login, account.Login)
	}
	name, host, _ := strings.Cut(s.Email, "@")
	if _, login, ok := strings.Cut(name, "+"); ok {
		name = login
	}
	return strings.EqualFold(name, account.Login) && strings.HasPrefix(host, "users.noreply.")
}

// isForge reports whether it was GitHub itself that committed, for an author
// who used its web pages or its API.
func (s *signer) isForge() bool {
	if s == nil {
		return false
	}
	if s.User != nil && s.User.Login != "" {
		return strings.EqualFold(s.User.Login, "web-flow")
	}
	return strings.HasPrefix(s.Email, "noreply@") && strings.HasPrefix(s.Name, "GitHub")
}
