package github

import (
	"fmt"
	"strings"
	"time"
)

// AccountKind says what is behind an account, in GitHub's words.
type AccountKind string

// The kinds of accounts.
const (
	User         AccountKind = "User"
	Organization AccountKind = "Organization"
	Bot          AccountKind = "Bot"
)

const (
	actionsLogin = "github-actions[bot]" // behind a workflow's GITHUB_TOKEN
	webLogin     = "web-flow"            // who commits what GitHub commits itself
	webEmail     = "noreply@github.com"
)

// account is who owns repositories and does things.
type account struct {
	id      int64
	login   string // of a bot: with its [bot]
	kind    AccountKind
	created time.Time
}

// AddUser makes a user; one that is there already stays.
func (s *Server) AddUser(login string) {
	s.locked(func() { s.addAccount(login, User) })
}

// AddOrganization makes an organisation; one that is there already stays.
func (s *Server) AddOrganization(login string) {
	s.locked(func() { s.addAccount(login, Organization) })
}

func (s *Server) addAccount(login string, kind AccountKind) *account {
	if a, ok := s.accounts[fold(login)]; ok {
		return a
	}
	a := &account{id: s.newID(), login: login, kind: kind, created: s.now()}
	s.accounts[fold(login)] = a
	return a
}

// person returns an account, making a user, or a bot by its name, where there
// is none: set-up calls name people as they like.
func (s *Server) person(login string) *account {
	if strings.HasSuffix(login, "[bot]") {
		return s.addAccount(login, Bot)
	}
	return s.addAccount(login, User)
}

// email is the address that GitHub gives to those who hide theirs.
func (a *account) email() string {
	return fmt.Sprintf("%d+%s@users.noreply.github.com", a.id, a.login)
}

// actor is the login as GraphQL's Actor shows it.
func (a *account) actor() string { return strings.TrimSuffix(a.login, "[bot]") }

// byEmail returns whose address that is; nil for nobody's.
func (s *Server) byEmail(email string) *account {
	if email == webEmail {
		return s.accounts[webLogin]
	}
	_, login, ok := strings.Cut(strings.TrimSuffix(email, "@users.noreply.github.com"), "+")
	if !ok {
		return nil
	}
	if a := s.accounts[fold(login)]; a != nil && a.email() == email {
		return a
	}
	return nil
}
