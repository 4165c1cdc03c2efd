package github_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	sandbox "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

func TestNew(t *testing.T) {
	tests := map[string]struct {
		options github.Options
		wantErr string
	}{
		"nothing":        {github.Options{}, "no credentials: give a token, or an App's id and private key"},
		"both":           {github.Options{Token: "ghp_secret", App: &github.App{ID: 1}}, "both a token and an App are given: choose one"},
		"no id":          {github.Options{App: &github.App{Key: []byte("x")}}, "the App's id is 0; it is a positive number, shown on the App's settings page"},
		"no key":         {github.Options{App: &github.App{ID: 1, Key: []byte("hush")}}, "read the App's private key: it is no RSA key in PEM; GitHub gives it as a .pem file that begins with -----BEGIN RSA PRIVATE KEY-----"},
		"base URL":       {github.Options{Token: "ghp_secret", BaseURL: "http://ghe.example.com"}, "base URL http://ghe.example.com: only https is safe for a token"},
		"enough, and no": {github.Options{Token: "ghp_secret"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := github.New(tt.options)
			if tt.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.wantErr)
			}
		})
	}
}

// TestRefusals holds what users read to what GitHub says.
func TestRefusals(t *testing.T) {
	graphql := func(kind, message string) reply {
		return status(200, `{"data":{"branch":null},"errors":[{"type":"`+kind+`","path":["branch"],"message":"`+message+`"}]}`)
	}
	tests := map[string]struct {
		answer  reply
		rest    string // what Tree says; empty where it is no case for REST
		graphql string // what DeleteBranch says
		is      error
	}{
		"401": {
			answer:  status(401, `{"message":"Bad credentials"}`),
			rest:    "read tree: permission denied: GitHub does not accept the App's installation token: it has expired, was revoked, or is for another server",
			graphql: "delete branch: permission denied: GitHub does not accept the App's installation token: it has expired, was revoked, or is for another server",
			is:      forge.ErrDenied,
		},
		"single sign-on": {
			answer:  status(403, `{"message":"Resource protected by organization SAML enforcement."}`, "X-GitHub-SSO", "required; url=https://github.com/orgs/acme/sso?x=1"),
			rest:    "read tree: permission denied: the organization demands SAML single sign-on: authorize the token for it at https://github.com/orgs/acme/sso?x=1",
			graphql: "delete branch: permission denied: the organization demands SAML single sign-on: authorize the token for it at https://github.com/orgs/acme/sso?x=1",
			is:      forge.ErrDenied,
		},
		"a permission": {
			answer:  status(403, `{"message":"Resource not accessible by integration"}`, "X-Accepted-GitHub-Permissions", "contents=write,workflows=write; administration=read"),
			rest:    "read tree: permission denied: the App's installation token needs contents: write and workflows: write, or administration: read",
			graphql: "delete branch: permission denied: the App's installation token needs contents: write and workflows: write, or administration: read",
			is:      forge.ErrDenied,
		},
		"a scope": {
			answer: status(403, `{"message":"Must have admin rights."}`, "X-Accepted-OAuth-Scopes", "repo"),
			rest:   "read tree: permission denied: the App's installation token needs one of the scopes repo (GitHub: Must have admin rights.)",
			is:     forge.ErrDenied,
		},
		"403 without a word": {
			answer: status(403, ""), rest: "read tree: permission denied: the App's installation token: GitHub does not say why", is: forge.ErrDenied,
		},
		"404": {answer: status(404, `{"message":"Not Found"}`), rest: "read tree: not found, or hidden from the App's installation token", is: forge.ErrNotFound},
		"404, a permission": {
			answer: status(404, `{"message":"Not Found"}`, "X-Accepted-GitHub-Permissions", "contents=read"), is: forge.ErrNotFound,
			rest: "read tree: not found, or hidden from the App's installation token, which needs contents: read",
		},
		"422": {
			answer: status(422, `{"message":"Validation Failed","errors":[{"resource":"Tree","field":"x","code":"invalid"},{"message":"so it is"}]}`),
			rest:   "read tree: GitHub answers HTTP 422: Validation Failed: Tree x invalid: so it is",
		},
		"no tree":    {answer: status(200, `{"data":null}`), rest: "read tree: GitHub gives half an answer"},
		"422, moved": {answer: status(422, `{"message":"Reference already exists"}`), rest: "read tree: changed by somebody else meanwhile: Reference already exists", is: forge.ErrMoved},
		"terminal":   {answer: status(410, `{"message":"\u001b[31mGone\nfor good"}`), rest: "read tree: GitHub answers HTTP 410: [31mGone for good"},
		"GraphQL's permission": {
			answer: graphql("FORBIDDEN", "Resource not accessible by integration"), graphql: "delete branch: permission denied: the App's installation token needs contents: write", is: forge.ErrDenied,
		},
		"GraphQL's refusal": {
			answer: graphql("FORBIDDEN", "Repository was archived so is read-only."), graphql: "delete branch: permission denied: Repository was archived so is read-only.", is: forge.ErrDenied,
		},
		"GraphQL's scopes": {
			answer: graphql("INSUFFICIENT_SCOPES", "needs [repo]"), graphql: "delete branch: permission denied: the App's installation token: needs [repo]", is: forge.ErrDenied,
		},
		"GraphQL's SAML": {
			answer: graphql("FORBIDDEN", "Resource protected by organization SAML enforcement."), is: forge.ErrDenied,
			graphql: "delete branch: permission denied: the organization demands SAML single sign-on: authorize the App's installation token for it, at https://github.com/settings/tokens",
		},
		"GraphQL's absence": {answer: graphql("NOT_FOUND", "Could not resolve"), graphql: "delete branch: not found, or hidden from the App's installation token", is: forge.ErrNotFound},
		"stale":             {answer: graphql("STALE_DATA", "Expected"), graphql: "delete branch: changed by somebody else meanwhile: Expected", is: forge.ErrMoved},
		"a branch that went": {
			answer: graphql("UNPROCESSABLE", "Could not update"), graphql: "delete branch: changed by somebody else meanwhile: Could not update", is: forge.ErrMoved,
		},
		"a rule": {
			answer: graphql("UNPROCESSABLE", "Repository rule violations found"), is: forge.ErrDenied,
			graphql: "delete branch: permission denied: a rule of the repository forbids it: Repository rule violations found",
		},
		"a document that is wrong": {
			answer:  status(200, `{"errors":[{"message":"Variable $x is no y"}]}`),
			graphql: "delete branch: GitHub answers: Variable $x is no y",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, _ := w.spoiled(t, times(9, tt.answer), nil)
			at := forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40)}
			if tt.rest != "" {
				_, err := c.Tree(t.Context(), at)
				require.EqualError(t, err, tt.rest)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
			}
			if tt.graphql != "" {
				err := c.DeleteBranch(t.Context(), forge.Repository{ID: "R", Name: "acme/app"}, "b", strings.Repeat("a", 40))
				require.EqualError(t, err, tt.graphql)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
			}
		})
	}
}

// TestPermissions takes permissions from a token, one by one.
func TestPermissions(t *testing.T) {
	all := map[string]string{"contents": "write", "pull_requests": "write", "metadata": "read"}
	without := func(name, level string) map[string]string {
		left := map[string]string{}
		for k, v := range all {
			left[k] = v
		}
		left[name] = level
		return left
	}
	tests := map[string]struct {
		token   sandbox.Token
		file    string
		mode    string
		options sandbox.RepositoryOptions
		wantErr string
	}{
		"no contents": {
			token:   sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken, Permissions: without("contents", "read")},
			wantErr: "create branch: permission denied: the App's installation token needs contents: write",
		},
		"no pull requests": {
			token:   sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken, Permissions: without("pull_requests", "read")},
			wantErr: "create pull request: permission denied: the App's installation token needs pull_requests: write",
		},
		"no pull requests, from parts": {
			token: sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken, Permissions: without("pull_requests", "read")}, mode: "100755",
			wantErr: "create pull request: permission denied: the App's installation token needs pull_requests: write",
		},
		"no contents, from parts": {
			token: sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken, Permissions: without("contents", "read")}, mode: "100755",
			wantErr: "create commit: permission denied: the App's installation token needs contents: write",
		},
		"Actions may not": {
			token: sandbox.Token{Kind: sandbox.ActionsToken, Repositories: []string{"acme/app"}}, options: sandbox.RepositoryOptions{NoActionsPulls: true},
			wantErr: `create pull request: permission denied: "Allow GitHub Actions to create and approve pull requests" must be on, in the Actions settings of the repository and of its organization`,
		},
		"a workflow": {
			token: sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken, Permissions: all}, file: ".github/workflows/ci.yml",
			wantErr: "create commit: permission denied: changes under .github/workflows need workflows: write of an App, or the scope workflow of a token; GITHUB_TOKEN can never make them",
		},
		"archived": {
			token: sandbox.Token{Login: "basekeeper[bot]", Kind: sandbox.InstallationToken}, options: sandbox.RepositoryOptions{Archived: true},
			wantErr: "create branch: permission denied: Repository was archived so is read-only.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AddToken(token, tt.token)
			file := "Dockerfile"
			if tt.file != "" {
				file = tt.file
			}
			mode := "100644"
			if tt.mode != "" {
				mode = tt.mode
			}
			require.NoError(t, w.CreateRepository("acme/app", tt.options, sandbox.File{Path: file, Content: []byte("FROM debian:12\n")}))
			c := w.client(t, nil)
			p := w.proposal(t, c, "acme/app", "FROM debian:13\n")
			p.Files[0].Path, p.Files[0].Mode = file, mode
			_, err := c.Propose(t.Context(), p)
			require.EqualError(t, err, tt.wantErr)
			require.ErrorIs(t, err, forge.ErrDenied)
			branches, err := w.Branches("acme/app", prefix)
			require.NoError(t, err)
			assert.Empty(t, branches, "nothing is left behind")
		})
	}
}

// TestSecretsStayIn looks for the token in all that can be seen.
func TestSecretsStayIn(t *testing.T) {
	const secret = "github_pat_verysecret"
	w := newWorld(t)
	w.repository(t, "acme/app")
	spoils := map[string]reply{"401": status(401, ""), "403": status(403, "{}"), "502": status(502, ""), "reset": reset, "html": status(200, "<html>"), "422": status(422, "x")}
	for name, spoil := range spoils {
		c, _ := w.spoiled(t, times(99, spoil), func(o *github.Options) { o.Token = secret })
		_, err := c.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/app"}, Commit: strings.Repeat("a", 40)})
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), secret)
		err = c.DeleteBranch(t.Context(), forge.Repository{ID: "R", Name: "acme/app"}, "b", strings.Repeat("a", 40))
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), secret)
		_, err = c.Account(t.Context())
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), secret)
	}
}

// TestRedirects follows a renamed repository, and takes the token nowhere else.
func TestRedirects(t *testing.T) {
	w := newWorld(t)
	w.repository(t, "acme/app")
	head, err := w.Branch("acme/app", "main")
	require.NoError(t, err)
	to := ""
	c, p := w.spoiled(t, func(r request) *reply {
		answer := status(200, `{}`)
		switch {
		case strings.Contains(r.URL.Path, "/acme/old/"):
			answer = status(301, `{"message":"Moved Permanently"}`, "Location", to+strings.Replace(r.URL.RequestURI(), "/acme/old/", "/acme/app/", 1))
		case r.URL.Host == "api.github.com":
			answer = r.pass()
		}
		return &answer
	}, nil)
	for _, to = range []string{"https://api.github.com", "https://api.github.com:8443", "https://evil.example.com", "http://api.github.com"} {
		p.seen = nil
		_, _ = c.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/old"}, Commit: head})
		require.Len(t, p.seen, 2, to)
		if to == "https://api.github.com" {
			assert.Contains(t, p.seen[1], "Bearer "+token)
		} else {
			assert.NotContains(t, p.seen[1], token, to)
		}
	}
	to = ""
	loop, _ := w.spoiled(t, func(r request) *reply {
		again := status(302, "", "Location", r.URL.String())
		return &again
	}, nil)
	_, err = loop.Tree(t.Context(), forge.Commitish{Repository: forge.Repository{Name: "acme/old"}, Commit: head})
	require.EqualError(t, err, "read tree: too many redirects")
}
