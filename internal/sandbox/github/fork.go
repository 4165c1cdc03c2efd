package github

import (
	"fmt"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// Fork makes a fork of a repository for a user, of the same name and with the
// branches as they are now.
func (s *Server) Fork(name, owner string) error {
	return s.on(name, func(r *repository) error {
		fork := owner + "/" + r.name
		options := RepositoryOptions{
			Description: r.options.Description, DefaultBranch: r.options.DefaultBranch, Language: r.options.Language,
			Private: r.options.Private, Fork: true, Empty: true,
		}
		if err := s.createRepository(fork, options, nil); err != nil {
			return fmt.Errorf("fork %s: %w", fork, err)
		}
		into := s.repository(fork)
		for _, ref := range r.git.Refs(git.BranchPrefix) {
			id, _ := r.git.Ref(ref) // it has just been listed
			if err := into.git.Fetch(r.git, id); err != nil {
				return fmt.Errorf("fork %s: %w", fork, err)
			}
			if err := into.git.SetRef(ref, id); err != nil {
				return fmt.Errorf("fork %s: %w", fork, err)
			}
		}
		return nil
	})
}
