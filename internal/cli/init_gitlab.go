package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/basekeeper/basekeeper/internal/config"
)

const gitlabFile = ".gitlab-ci.yml"

// gitlabInclude is all that a pipeline needs.
const gitlabInclude = `include:
  - component: $CI_SERVER_FQDN/basekeeper/basekeeper/basekeeper@v1
`

// gitlabPipeline is what init writes to .gitlab-ci.yml.
const gitlabPipeline = `# Opens a merge request for each base image of this project that has moved, in
# scheduled pipelines, and shows on pushes and merge requests what is stale.
#
# Needs the variable BASEKEEPER_TOKEN, masked and protected: a project access
# token with the role Developer and the scope api; and a pipeline schedule for the
# default branch. Where this GitLab has no mirror of basekeeper/basekeeper, include
# it from elsewhere: docs/component.md of basekeeper.
` + gitlabInclude

// sayInclude says what a pipeline that was there needs, unless it has it.
func sayInclude(env Env, path string) error {
	content, err := readLimited(path, maxPipeline)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if strings.Contains(string(content), "/basekeeper@") || strings.Contains(string(content), "templates/basekeeper.yml") {
		return nil
	}
	fmt.Fprintf(env.Stdout, "add to %s:\n\n%s", path, gitlabInclude)
	return nil
}

// maxPipeline bounds a .gitlab-ci.yml, and a configuration of git, in bytes.
const maxPipeline = 1 << 20

// cloneOf is the forge that a folder is a clone from: what its remote says, or
// else what is in it.
func cloneOf(dir string) string {
	switch originHost(dir) {
	case "gitlab.com", "altssh.gitlab.com":
		return config.ForgeGitLab
	case "github.com", "ssh.github.com":
		return config.ForgeGitHub
	}
	_, pipeline := os.Stat(filepath.Join(dir, gitlabFile))
	_, hub := os.Stat(filepath.Join(dir, ".github"))
	if pipeline == nil && hub != nil {
		return config.ForgeGitLab
	}
	return config.ForgeGitHub
}

// originHost is the host of a clone's remote origin; empty where there is none
// that could be read.
func originHost(dir string) string {
	content, err := readLimited(filepath.Join(dir, ".git", "config"), maxPipeline)
	if err != nil {
		return ""
	}
	origin := false
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			origin = line == `[remote "origin"]`
			continue
		}
		if key, value, _ := strings.Cut(line, "="); origin && strings.EqualFold(strings.TrimSpace(key), "url") {
			return remoteHost(strings.TrimSpace(value))
		}
	}
	return ""
}

// remoteHost is the host of a remote's address: https://HOST/PATH,
// ssh://git@HOST:22/PATH or git@HOST:PATH, in lower case.
func remoteHost(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	if i := strings.LastIndex(address, "@"); i >= 0 {
		address = address[i+1:]
	}
	host, _, _ := strings.Cut(address, ":")
	return strings.ToLower(host)
}
