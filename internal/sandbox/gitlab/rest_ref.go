package gitlab

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var refRoutes = []route{
	{pattern: "GET /projects/{id}/repository/branches", open: true, feature: "code", serve: (*call).listBranches},
	{pattern: "GET /projects/{id}/repository/branches/{branch}", open: true, feature: "code", serve: (*call).getBranch},
	{pattern: "POST /projects/{id}/repository/branches", role: Developer, feature: "code", serve: (*call).createBranch},
	{pattern: "DELETE /projects/{id}/repository/branches/{branch}", role: Developer, feature: "code", serve: (*call).deleteBranch},
}

// listBranches heeds search: ^text for a beginning, text$ for an end.
func (c *call) listBranches(a args) (int, any, error) {
	names := c.project.branches("")
	if search := a.str("search"); search != "" {
		names = slices.DeleteFunc(names, func(n string) bool {
			beginning, begins := strings.CutPrefix(search, "^")
			end, ends := strings.CutSuffix(search, "$")
			switch {
			case begins:
				return !strings.HasPrefix(n, beginning)
			case ends:
				return !strings.HasSuffix(n, end)
			}
			return !strings.Contains(fold(n), fold(search))
		})
	}
	if a.has("regex") {
		re, err := regexp.Compile(a.str("regex"))
		if err != nil {
			return 0, nil, badRequest("regex is invalid")
		}
		names = slices.DeleteFunc(names, func(n string) bool { return !re.MatchString(n) })
	}
	return http.StatusOK, page(c, a, names, func(n string) any { return c.branch(c.project, n) }), nil
}

func (c *call) getBranch(args) (int, any, error) {
	name := c.request.PathValue("branch")
	if _, ok := c.project.git.Ref(git.BranchPrefix + name); !ok {
		return 0, nil, notFound("Branch")
	}
	return http.StatusOK, c.branch(c.project, name), nil
}

func (c *call) createBranch(a args) (int, any, error) {
	if err := a.need("branch", "ref"); err != nil {
		return 0, nil, err
	}
	name, p := a.str("branch"), c.project
	if err := c.mayPush(p, name); err != nil {
		return 0, nil, err
	}
	if _, ok := p.git.Ref(git.BranchPrefix + name); ok {
		return 0, nil, badRequest("Branch already exists")
	}
	to, ok := p.git.Resolve(a.str("ref"))
	if !ok {
		return 0, nil, badRequest("Invalid reference name: " + a.str("ref"))
	}
	if err := c.moveBranch(p, c.token.account, name, "", to); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.branch(p, name), nil
}

func (c *call) deleteBranch(args) (int, any, error) {
	name, p := c.request.PathValue("branch"), c.project
	from, ok := p.git.Ref(git.BranchPrefix + name)
	switch {
	case !ok:
		return 0, nil, notFound("Branch")
	case name == p.options.DefaultBranch:
		return 0, nil, &apiError{Status: http.StatusForbidden, Message: "Cannot remove HEAD branch"}
	case matches(p.options.Protected, name) || matches(p.options.ForceProtected, name):
		return 0, nil, &apiError{Status: http.StatusForbidden, Message: "Protected branch can't be removed"}
	}
	if err := c.moveBranch(p, c.token.account, name, from, ""); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

// mayPush says why the token may not push to a branch.
func (c *call) mayPush(p *project, branch string) error {
	role := c.token.role(p)
	protected := matches(p.options.Protected, branch) || branch == p.options.DefaultBranch && role < Maintainer
	if role < Developer || protected || p.options.Archived || p.options.Disabled {
		return &apiError{Status: http.StatusForbidden, Message: "403 Forbidden - You are not allowed to push into this branch"}
	}
	return nil
}

// hooks says why a push would be refused after all: by push rules, and by the
// protection of a branch against force. An empty from is a new branch.
//
// Spec: GitLab's "Push rules".
func (p *project) hooks(branch, message string, from, to git.ID) error {
	o := p.options
	switch {
	case o.PushRule != "" && !regexp.MustCompile(o.PushRule).MatchString(message):
		return badRequest(fmt.Sprintf("Commit message does not follow the pattern '%s'", o.PushRule))
	case o.BranchRule != "" && branch != o.DefaultBranch && !regexp.MustCompile(o.BranchRule).MatchString(branch):
		return badRequest(fmt.Sprintf("Branch name '%s' does not follow the pattern '%s'", branch, o.BranchRule))
	case from != "" && !p.git.IsAncestor(from, to) && (matches(o.ForceProtected, branch) || branch == o.DefaultBranch):
		return badRequest("You are not allowed to force push code to a protected branch on this project.")
	}
	return nil
}
