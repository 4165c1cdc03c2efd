package github

import (
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// appKey names an App's own credentials in errors.
const appKey = "the App's private key"

// who names the client's credentials in errors, and never what they are.
//
// Spec: "GitHub's token formats".
func (c *Client) who() string {
	switch {
	case c.apps != nil:
		return "the App"
	case strings.HasPrefix(c.opts.Token, "github_pat_"):
		return "the fine-grained personal access token"
	case strings.HasPrefix(c.opts.Token, "ghp_"):
		return "the personal access token"
	case strings.HasPrefix(c.opts.Token, "gho_"), strings.HasPrefix(c.opts.Token, "ghu_"):
		return "the user's OAuth token"
	case strings.HasPrefix(c.opts.Token, "ghs_"):
		if c.knownAccount().Kind == forge.Pipeline {
			return "GITHUB_TOKEN"
		}
		return "the App's installation token"
	}
	return "the token"
}
