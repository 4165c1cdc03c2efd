package gitlab

import (
	"fmt"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// account is who does things.
type account struct {
	id       int64
	username string
	name     string
	bot      bool
	created  time.Time
}

// namespace is where projects are: a group, or a user's own.
type namespace struct {
	id      int64
	path    string     // in full
	parent  *namespace // of a subgroup
	account *account   // of a user's
	shared  []*project // with a group
}

// AddUser makes a user with a namespace of their own; one that is there
// already stays.
func (s *Server) AddUser(login string) { s.locked(func() { s.person(login) }) }

// AddGroup makes a group, group/subgroup, and the groups above it; those that
// are there already stay.
func (s *Server) AddGroup(path string) { s.locked(func() { s.group(path) }) }

// Email is the address under which GitLab commits for an account, its commit
// e-mail; empty for an account that is not there.
func (s *Server) Email(login string) (email string) {
	s.locked(func() {
		if a := s.accounts[fold(login)]; a != nil {
			email = a.commitEmail()
		}
	})
	return email
}

// person returns an account, making a user where there is none: set-up calls
// name people as they like.
func (s *Server) person(login string) *account {
	if a, ok := s.accounts[fold(login)]; ok {
		return a
	}
	a := &account{id: s.newID(), username: login, name: login, created: s.now()}
	s.accounts[fold(login)] = a
	if s.namespaces[fold(login)] == nil {
		s.namespaces[fold(login)] = &namespace{id: s.newID(), path: login, account: a}
	}
	return a
}

// bot returns the account behind a project's or group's token, in the manner
// of GitLab: project_7_bot_00000001.
func (s *Server) bot(login string) *account {
	if a, ok := s.accounts[fold(login)]; ok {
		return a
	}
	a := &account{id: s.newID(), username: login, name: "basekeeper", bot: true, created: s.now()}
	s.accounts[fold(login)] = a
	return a
}

// group returns a group, making it and those above it.
func (s *Server) group(path string) *namespace {
	if n, ok := s.namespaces[fold(path)]; ok {
		return n
	}
	n := &namespace{id: s.newID(), path: path}
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		n.parent = s.group(path[:i])
	}
	s.namespaces[fold(path)] = n
	return n
}

// name is the last part of the path.
func (n *namespace) name() string { return n.path[strings.LastIndexByte(n.path, '/')+1:] }

func (n *namespace) kind() string {
	if n.account != nil {
		return "user"
	}
	return "group"
}

// within reports whether n is other or below it.
func (n *namespace) within(other *namespace) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

// email is the account's primary address, which others do not see.
func (a *account) email() string {
	if a.bot {
		return a.username + "@noreply.gitlab.com"
	}
	return a.username + "@example.com"
}

// commitEmail is the address that GitLab gives to those who hide theirs.
func (a *account) commitEmail() string {
	if a.bot {
		return a.email()
	}
	return fmt.Sprintf("%d-%s@users.noreply.gitlab.com", a.id, a.username)
}

// signs is the person that a commit of the account's names.
func (s *Server) signs(a *account) git.Person {
	return git.Person{Name: a.name, Email: a.commitEmail(), When: s.now()}
}

// byEmail returns whose address that is; nil for nobody's.
func (s *Server) byEmail(email string) *account {
	for _, a := range s.accounts {
		if a.email() == email || a.commitEmail() == email {
			return a
		}
	}
	return nil
}
