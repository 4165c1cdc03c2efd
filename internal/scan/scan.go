// Package scan turns named files into occurrences: places where a file uses an
// image. It is pure; reading trees is the forges' work.
package scan

import (
	"github.com/basekeeper/basekeeper/internal/dockerfile"
)

// Version is raised when the same file can give other occurrences than before,
// so that what was remembered of it is not believed any more.
const Version = 1

// Source is a file of a repository.
type Source struct {
	Repository string // as the run names it; empty where there is only one
	Branch     string // of a repository on a forge; empty for a local one
	Path       string // slash-separated, from the repository's root
	Blob       string // git's id of the content, to see later whether it changed
	Mode       string // git's mode of the file; empty for 100644, and for a local one
	Content    []byte
}

// Occurrence is the use of an image at a place.
type Occurrence struct {
	Repository string
	Branch     string
	Path       string
	Blob       string
	Mode       string
	Use        dockerfile.Use
}

// Problem is a file, or a place in one, that could not be read as it should.
type Problem struct {
	Repository string `json:"repository,omitempty"`
	Branch     string `json:"branch,omitempty"`
	Path       string `json:"path"`
	Line       int    `json:"line"` // 1-based; 0 where the whole file is meant
	Message    string `json:"message"`
}

// File returns the occurrences in one file, in the order of the file.
func File(src Source) ([]Occurrence, []Problem) {
	file := dockerfile.Parse(src.Content)
	occurrences := make([]Occurrence, 0, len(file.Uses))
	for _, use := range file.Uses {
		occurrences = append(occurrences, Occurrence{Repository: src.Repository, Branch: src.Branch, Path: src.Path, Blob: src.Blob, Mode: src.Mode, Use: use})
	}
	problems := make([]Problem, 0, len(file.Problems))
	for _, p := range file.Problems {
		problems = append(problems, Problem{Repository: src.Repository, Branch: src.Branch, Path: src.Path, Line: p.Line, Message: p.Message})
	}
	return occurrences, problems
}
