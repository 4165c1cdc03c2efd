package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// account is whose token it is, and by which addresses its commits are known.
type account struct {
	forge.Account
	id     int64
	emails []string
}

// currentUser is an account as both halves of the API tell of it.
type currentUser struct {
	ID          string
	Username    string
	Bot         bool
	CommitEmail string
	PublicEmail string
}

const accountFields = "currentUser{id username bot commitEmail publicEmail}"

// Account returns whose token it is: a user, or the bot of a project's or a
// group's access token. It takes one request, and none where an earlier answer
// told it. The error wraps [forge.ErrDenied] where GitLab does not know the
// token.
func (c *Client) Account(ctx context.Context) (forge.Account, error) {
	if known := c.knownAccount(); known.Login != "" {
		return known.Account, nil
	}
	var answer struct{ CurrentUser json.RawMessage }
	faults, err := c.query(ctx, "query{"+accountFields+"}", nil, &answer)
	switch {
	case errors.Is(err, errNoGraphQL):
		err = c.restAccount(ctx)
	case err == nil && len(faults) > 0:
		err = c.fault(faults[0])
	case err == nil:
		c.learnFrom(answer.CurrentUser)
	}
	known := c.knownAccount()
	if err == nil && known.Login == "" {
		err = fmt.Errorf("%w: GitLab does not know whose token it is", forge.ErrDenied)
	}
	if err != nil {
		return forge.Account{}, fmt.Errorf("read the account: %w", err)
	}
	return known.Account, nil
}

func (c *Client) restAccount(ctx context.Context) error {
	u, resp, err := c.rest.Users.CurrentUser(reading(ctx))
	if err != nil {
		return c.restError(resp, err)
	}
	more := struct {
		CommitEmail string `json:"commit_email"`
	}{}
	_ = json.Unmarshal(bodyOf(resp), &more) // where it is not there, it is not known
	c.learn(currentUser{Username: u.Username, ID: fmt.Sprint(u.ID), Bot: u.Bot, CommitEmail: more.CommitEmail, PublicEmail: u.PublicEmail}, u.Email)
	return nil
}

func (c *Client) knownAccount() account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account
}

// askAccount is what a document asks beside all else until the account is
// known: for nothing, since the request is made anyway.
func (c *Client) askAccount() string {
	if c.knownAccount().Login != "" {
		return ""
	}
	return accountFields
}

func (c *Client) learnFrom(raw json.RawMessage) {
	var u *currentUser
	if json.Unmarshal(raw, &u) == nil && u != nil && u.Username != "" {
		c.learn(*u)
	}
}

func (c *Client) learn(u currentUser, emails ...string) {
	a := account{Account: forge.Account{Login: u.Username, Kind: forge.Person}, id: number(u.ID)}
	if u.Bot || isBotName(u.Username) {
		a.Kind = forge.App
	}
	for _, email := range append(emails, u.CommitEmail, u.PublicEmail) {
		if email != "" {
			a.emails = append(a.emails, strings.ToLower(email))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.account = a
}

// isBotName reports whether a name is of a project's or a group's bot, as
// GitLab makes them: project_7_bot_0123456789abcdef.
func isBotName(name string) bool {
	kind, rest, _ := strings.Cut(name, "_")
	id, rest, _ := strings.Cut(rest, "_")
	return (kind == "project" || kind == "group") && id != "" && strings.Trim(id, "0123456789") == "" && (rest == "bot" || strings.HasPrefix(rest, "bot_"))
}

// is reports whether a username is the account's.
func (a account) is(username string) bool {
	return username != "" && strings.EqualFold(username, a.Login)
}

// has reports whether an address is the account's: one that GitLab says it
// commits by, or that GitLab gives to those who hide theirs.
func (a account) has(email string) bool {
	if email == "" || a.Login == "" {
		return false
	}
	email = strings.ToLower(email)
	for _, one := range a.emails {
		if one == email {
			return true
		}
	}
	name, host, _ := strings.Cut(email, "@")
	switch {
	case strings.HasPrefix(host, "users.noreply."):
		return name == strings.ToLower(fmt.Sprintf("%d-%s", a.id, a.Login))
	case strings.HasPrefix(host, "noreply."):
		return a.Kind == forge.App && name == strings.ToLower(a.Login)
	}
	return false
}

// made reports whether a commit is of the account's making: its author's, and
// committed by it or by GitLab itself, which does so where it signs.
func (a account) made(authorEmail, committerEmail, committerName string) bool {
	byForge := strings.HasPrefix(committerEmail, "noreply@") && strings.HasPrefix(committerName, "GitLab")
	return a.has(authorEmail) && (a.has(committerEmail) || byForge)
}
