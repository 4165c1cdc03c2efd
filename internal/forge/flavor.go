package forge

import "fmt"

// Flavor is what the words of a text depend on: which forge it is for. The zero
// value is GitHub's. In JSON it is the forge's name, empty for GitHub.
type Flavor string

// The flavors.
const (
	GitHub Flavor = ""
	GitLab Flavor = "gitlab"
)

// Known reports whether f is one of the flavors.
func (f Flavor) Known() bool { return f == GitHub || f == GitLab }

// String returns the forge's name as it writes it itself.
func (f Flavor) String() string {
	if f == GitLab {
		return "GitLab"
	}
	return "GitHub"
}

// Noun is what the forge calls a pull request, in lower case.
func (f Flavor) Noun() string {
	if f == GitLab {
		return "merge request"
	}
	return "pull request"
}

// Number writes a pull request's number as the forge makes it a reference: #12,
// or !12 on GitLab. Behind a repository's name it is a reference from outside.
func (f Flavor) Number(n int) string {
	if f == GitLab {
		return fmt.Sprintf("!%d", n)
	}
	return fmt.Sprintf("#%d", n)
}

// Label names a pull request in a sentence or a list: pull request 12, or !12
// on GitLab.
func (f Flavor) Label(n int) string {
	if f == GitLab {
		return f.Number(n)
	}
	return fmt.Sprintf("pull request %d", n)
}

// HeadRef is the name under which the repository that a pull request is for has
// the commit that it brings, also where that comes from a fork.
func (f Flavor) HeadRef(n int) string {
	if f == GitLab {
		return fmt.Sprintf("refs/merge-requests/%d/head", n)
	}
	return fmt.Sprintf("refs/pull/%d/head", n)
}

// MaxBody is the most characters that the text of a pull request may have.
func (f Flavor) MaxBody() int {
	if f == GitLab {
		return 1_048_576
	}
	return 65_536
}

// Compare is the path, below a repository's address, of what changed between
// two commits.
func (f Flavor) Compare(before, after string) string {
	if f == GitLab {
		return "/-/compare/" + before + "..." + after
	}
	return "/compare/" + before + "..." + after
}
