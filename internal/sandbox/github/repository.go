package github

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// RepositoryOptions are what a repository is made with; the zero value will do.
type RepositoryOptions struct {
	Description   string
	DefaultBranch string // main where it is empty
	Language      string // of most of its files
	Topics        []string
	Size          int64 // KiB; counted where it is 0
	Private       bool
	Archived      bool
	Fork          bool
	Disabled      bool
	Locked        bool
	Empty         bool // without a commit

	AutoMerge       bool // allowed
	RequireApproval bool // before a merge, by somebody else
	RequireChecks   bool // before a merge
	NoActionsPulls  bool // "Allow GitHub Actions to create and approve pull requests" is off

	// TreeLimit is how many entries a recursive tree has at most, before it is
	// truncated; 0 for GitHub's 100,000.
	TreeLimit int
}

// File is a file as it is to be.
type File = git.File

type repository struct {
	id              int64
	owner           *account
	name            string
	options         RepositoryOptions
	git             *git.Repository
	pulls           []*pull // by number; nil for none
	labels          map[string]int64
	created, pushed time.Time
}

func (r *repository) fullName() string { return r.owner.login + "/" + r.name }

// defaultRef is the ref of the default branch, which may not be there.
func (r *repository) defaultRef() string { return git.BranchPrefix + r.options.DefaultBranch }

// readOnly reports whether nothing can be written.
func (r *repository) readOnly() bool {
	return r.options.Archived || r.options.Disabled || r.options.Locked
}

// CreateRepository makes a repository, owner/name, with a first commit of the
// given files by its owner. The owner is made, as a user, where it is missing.
func (s *Server) CreateRepository(name string, options RepositoryOptions, files ...File) error {
	var err error
	s.locked(func() { err = s.createRepository(name, options, files) })
	if err != nil {
		return fmt.Errorf("create repository %s: %w", name, err)
	}
	return nil
}

func (s *Server) createRepository(name string, options RepositoryOptions, files []File) error {
	login, short, ok := strings.Cut(name, "/")
	if !ok || login == "" || short == "" || strings.Contains(short, "/") {
		return fmt.Errorf("name is not owner/name: %w", git.ErrInvalid)
	}
	if s.repositories[fold(name)] != nil {
		return fmt.Errorf("is there already: %w", git.ErrInvalid)
	}
	if options.DefaultBranch == "" {
		options.DefaultBranch = "main"
	}
	options.Topics = slices.Clone(options.Topics)
	r := &repository{
		id: s.newID(), owner: s.person(login), name: short, options: options, git: git.NewRepository(),
		pulls: make([]*pull, 1), labels: map[string]int64{}, created: s.now(), pushed: s.now(),
	}
	r.owner = s.person(login)
	if !options.Empty {
		commit, err := s.commitFiles(r, r.owner, "", "Initial commit", files)
		if err != nil {
			return err
		}
		if err := r.git.SetRef(r.defaultRef(), commit.ID); err != nil {
			return err
		}
	}
	s.repositories[fold(name)] = r
	s.ordered = append(s.ordered, r)
	s.byID[r.id] = r
	return nil
}

// Configure changes a repository's options, as its settings page would. The
// default branch's name is left as it is.
func (s *Server) Configure(name string, change func(*RepositoryOptions)) error {
	return s.on(name, func(r *repository) error {
		branch := r.options.DefaultBranch
		change(&r.options)
		r.options.DefaultBranch = branch
		return nil
	})
}

// commitFiles makes a person's commit on top of parent, which may be empty.
func (s *Server) commitFiles(r *repository, by *account, parent git.ID, message string, files []File) (git.Commit, error) {
	var base git.ID
	c := git.Commit{Message: message}
	if parent != "" {
		before, err := r.git.Commit(parent)
		if err != nil {
			return git.Commit{}, err
		}
		base, c.Parents = before.Tree, []git.ID{parent}
	}
	tree, err := r.git.Apply(base, files)
	if err != nil {
		return git.Commit{}, err
	}
	c.Tree = tree
	c.Author = git.Person{Name: by.login, Email: by.email(), When: s.now()}
	c.Committer = c.Author
	return r.git.PutCommit(c)
}

// repository returns one by its name; nil for none.
func (s *Server) repository(name string) *repository { return s.repositories[fold(name)] }

// nodeID is GitHub's global id of a thing: opaque to clients.
func nodeID(prefix string, parts ...any) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = fmt.Sprint(p)
	}
	return prefix + "_" + base64.RawURLEncoding.EncodeToString([]byte(strings.Join(words, ":")))
}

// splitNodeID takes a global id apart; false for one that is none of ours.
func splitNodeID(id string) (prefix string, parts []string, ok bool) {
	prefix, encoded, ok := strings.Cut(id, "_")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return "", nil, false
	}
	return prefix, strings.SplitN(string(raw), ":", 2), true
}
