package github

import "github.com/basekeeper/basekeeper/internal/sandbox/git"

// lines counts those of the whole pull request.
func (p *pull) lines() git.Lines {
	var all git.Lines
	for _, d := range p.files() {
		all = all.Plus(p.repository.git.Count(d.Difference))
	}
	return all
}
