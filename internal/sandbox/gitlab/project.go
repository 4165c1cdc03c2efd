package gitlab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// Visibilities of projects.
const (
	Public   = "public"
	Internal = "internal"
	Private  = "private"
)

// ProjectOptions are what a project is made with; the zero value will do.
type ProjectOptions struct {
	Description   string
	DefaultBranch string // main where it is empty
	Visibility    string // Public where it is empty
	Topics        []string
	Language      string // of its files
	Size          int64  // bytes of its repository; counted where it is 0
	Archived      bool
	Empty         bool     // without a commit
	ForkOf        string   // full path
	SharedWith    []string // groups
	Role          int      // what members are at most; Reporter has only forks be pushed to; 0 for no limit

	Disabled        bool // the repository is switched off
	Deleting        bool // is marked for deletion
	NoMergeRequests bool // merge requests are switched off
	NoPipelines     bool // a merge request's head gets no pipeline

	Protected      []string // branches, with * in them, that nobody may push to
	ForceProtected []string // branches, with *, that nobody may force push to
	PushRule       string   // regular expression that a commit's message must match
	BranchRule     string   // regular expression that a branch's name must match

	MergeMethod     string // merge, rebase_merge, ff; merge where it is empty
	SquashOption    string // never, always, default_on, default_off; default_off where it is empty
	RequireApproval bool   // before a merge, by somebody else
	RequirePipeline bool   // must have succeeded before a merge

	ProtectedTags []string // regular expressions: container tags that nobody may delete
	ImmutableTags []string // the same, and nobody may change
}

// File is a file as it is to be.
type File = git.File

type project struct {
	id              int64
	space           *namespace
	name            string // the last part of its path
	options         ProjectOptions
	git             *git.Repository
	forkOf          *project
	merges          []*mergeRequest // by iid; nil for none
	labels          map[string]int64
	created, active time.Time
}

func (p *project) path() string { return p.space.path + "/" + p.name }

// defaultRef is the ref of the default branch, which may not be there.
func (p *project) defaultRef() string { return git.BranchPrefix + p.options.DefaultBranch }

// empty reports whether there is no branch.
func (p *project) empty() bool { return len(p.git.Refs(git.BranchPrefix)) == 0 }

// CreateProject makes a project, group/project or group/subgroup/project, with
// a first commit of the given files by a person who owns none. Groups are made
// where they are missing; a user's namespace is used where there is one.
func (s *Server) CreateProject(path string, options ProjectOptions, files ...File) error {
	var err error
	s.locked(func() { _, err = s.createProject(path, options, files) })
	if err != nil {
		return fmt.Errorf("create project %s: %w", path, err)
	}
	return nil
}

func (s *Server) createProject(path string, options ProjectOptions, files []File) (*project, error) {
	p, err := s.newProject(path, options)
	if err != nil {
		return nil, err
	}
	if !p.options.Empty && p.forkOf == nil {
		c, err := s.commitFiles(p, s.person("root"), "", "Initial commit", files)
		if err != nil {
			return nil, err
		}
		if err := p.git.SetRef(p.defaultRef(), c.ID); err != nil {
			return nil, err
		}
	}
	s.projects[fold(path)] = p
	s.ordered = append(s.ordered, p)
	s.byID[p.id] = p
	for _, group := range options.SharedWith {
		n := s.group(group)
		n.shared = append(n.shared, p)
	}
	return p, nil
}

// newProject is a project that is nowhere yet; a fork has what it is a fork of.
func (s *Server) newProject(path string, options ProjectOptions) (*project, error) {
	i := strings.LastIndexByte(path, '/')
	if i < 1 || i == len(path)-1 {
		return nil, fmt.Errorf("path is not group/project: %w", git.ErrInvalid)
	}
	if s.projects[fold(path)] != nil {
		return nil, fmt.Errorf("is there already: %w", git.ErrInvalid)
	}
	p := &project{
		id: s.newID(), name: path[i+1:], options: options.withDefaults(), git: git.NewRepository(),
		merges: make([]*mergeRequest, 1), labels: map[string]int64{}, created: s.now(), active: s.now(),
	}
	p.space = s.group(path[:i])
	if options.ForkOf == "" {
		return p, nil
	}
	p.forkOf = s.projects[fold(options.ForkOf)]
	if p.forkOf == nil {
		return nil, fmt.Errorf("fork of %s: %w", options.ForkOf, git.ErrNotFound)
	}
	for _, name := range p.forkOf.git.Refs(git.BranchPrefix) {
		id, _ := p.forkOf.git.Ref(name)
		if err := p.git.Fetch(p.forkOf.git, id); err != nil {
			return nil, err
		}
		if err := p.git.SetRef(name, id); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (o ProjectOptions) withDefaults() ProjectOptions {
	if o.DefaultBranch == "" {
		o.DefaultBranch = "main"
	}
	if o.Visibility == "" {
		o.Visibility = Public
	}
	if o.MergeMethod == "" {
		o.MergeMethod = "merge"
	}
	if o.SquashOption == "" {
		o.SquashOption = "default_off"
	}
	o.Topics = slices.Clone(o.Topics)
	return o
}

// Configure changes a project's options, as its settings page would. What it is
// a fork of, with whom it is shared and whether it is empty is left as it is.
func (s *Server) Configure(path string, change func(*ProjectOptions)) error {
	return s.on(path, func(p *project) error {
		change(&p.options)
		p.options = p.options.withDefaults()
		return nil
	})
}

// Move gives a project another path, in the same or another group; the old one
// leads to it from then on.
func (s *Server) Move(path, to string) error {
	return s.on(path, func(p *project) error {
		i := strings.LastIndexByte(to, '/')
		if i < 1 || i == len(to)-1 || s.projects[fold(to)] != nil {
			return fmt.Errorf("path %s: %w", to, git.ErrInvalid)
		}
		delete(s.projects, fold(p.path()))
		s.moved[fold(p.path())] = p
		p.space, p.name = s.group(to[:i]), to[i+1:]
		s.projects[fold(to)] = p
		delete(s.moved, fold(to))
		return nil
	})
}

// commitFiles makes a person's commit on top of parent, which may be empty.
func (s *Server) commitFiles(p *project, by *account, parent git.ID, message string, files []File) (git.Commit, error) {
	c := git.Commit{Message: message, Author: s.signs(by), Committer: s.signs(by)}
	if parent != "" {
		c.Parents = []git.ID{parent}
	}
	tree, err := p.git.Apply(p.git.TreeOf(parent), files)
	if err != nil {
		return git.Commit{}, err
	}
	c.Tree = tree
	return p.git.PutCommit(c)
}

// on runs f with a project under the lock.
func (s *Server) on(path string, f func(*project) error) error {
	var err error
	s.locked(func() {
		p := s.projects[fold(path)]
		if p == nil {
			err = git.ErrNotFound
			return
		}
		err = f(p)
	})
	if err != nil {
		return fmt.Errorf("sandbox project %s: %w", path, err)
	}
	return nil
}
