package git

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Person is who wrote or committed something, and when.
type Person struct {
	Name, Email string
	When        time.Time // to the second
}

// Commit is a commit. ID is set by [Repository.PutCommit].
type Commit struct {
	ID                ID
	Tree              ID
	Parents           []ID
	Author, Committer Person
	Message           string
	Signature         string // armoured; empty for none
}

// Headline returns the first line of the message.
func (c Commit) Headline() string {
	line, _, _ := strings.Cut(c.Message, "\n")
	return line
}

// PutCommit stores a commit and returns it with its id. The error wraps
// [ErrNotFound] where the repository does not hold its tree or a parent.
func (r *Repository) PutCommit(c Commit) (Commit, error) {
	if _, err := r.Tree(c.Tree); err != nil {
		return Commit{}, err
	}
	for _, p := range c.Parents {
		if _, err := r.Commit(p); err != nil {
			return Commit{}, fmt.Errorf("parent: %w", err)
		}
	}
	c.Author, c.Committer = c.Author.clean(), c.Committer.clean()
	c.Parents = slices.Clone(c.Parents)
	c.ID = name(KindCommit, encodeCommit(c))
	r.commits[c.ID] = c
	return c, nil
}

// Commit returns a commit. The error wraps [ErrNotFound].
func (r *Repository) Commit(id ID) (Commit, error) {
	c, ok := r.commits[id]
	if !ok {
		return Commit{}, fmt.Errorf("commit %s: %w", id, ErrNotFound)
	}
	return c, nil
}

// clean leaves out what would end the line or the name that it stands in, as
// git does.
func (p Person) clean() Person {
	drop := strings.NewReplacer("<", "", ">", "", "\n", "", "\x00", "")
	p.Name = strings.TrimSpace(drop.Replace(p.Name))
	p.Email = strings.TrimSpace(drop.Replace(p.Email))
	p.When = p.When.Truncate(time.Second)
	return p
}

func (p Person) String() string {
	return fmt.Sprintf("%s <%s> %d %s", p.Name, p.Email, p.When.Unix(), p.When.Format("-0700"))
}

// Spec: git's "Git Internals - Git Objects", commit objects; a line of a
// signature is continued by a space in gitformat-signature.
func encodeCommit(c Commit) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", c.Tree)
	for _, p := range c.Parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n", c.Author, c.Committer)
	if c.Signature != "" {
		fmt.Fprintf(&b, "gpgsig %s\n", strings.ReplaceAll(strings.TrimRight(c.Signature, "\n"), "\n", "\n "))
	}
	fmt.Fprintf(&b, "\n%s", c.Message)
	return []byte(b.String())
}
