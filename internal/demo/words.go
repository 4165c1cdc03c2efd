package demo

import "github.com/basekeeper/basekeeper/internal/forge"

// Words are what is called otherwise from forge to forge.
type Words struct {
	Group   string // whose repositories they are
	Flag    string // that names it to basekeeper
	Address string // environment variable for where the forge is
	Token   string // the same for the token

	title      string // of the chapter about the group
	repository string
	contents   string // what the group has, in the plural
	note       int    // requests to write that a comment takes, with the description that says so
	pauses     string // about what the forge asks for, in a line of its own
}

// WordsOf returns a forge's own.
func WordsOf(flavor forge.Flavor) Words {
	if flavor == forge.GitLab {
		return Words{
			Group: "group", Flag: "--group", Address: "CI_SERVER_URL", Token: "GITLAB_TOKEN",
			title: "A group, by merge requests", repository: "project", contents: "projects, some of\nthem in a subgroup", note: 2,
		}
	}
	return Words{ //nolint:gosec // GITHUB_TOKEN is a variable's name
		Group: "organisation", Flag: "--organization", Address: "GITHUB_API_URL", Token: "GITHUB_TOKEN",
		title: "An organisation, by pull requests", repository: "repository", contents: "repositories", note: 1,
		pauses: "\n(The pauses that GitHub asks for between writes are skipped in this demo.)",
	}
}
