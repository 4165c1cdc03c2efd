package gitlab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var commitRoutes = []route{
	{pattern: "GET /projects/{id}/repository/commits", open: true, feature: "code", serve: (*call).listCommits},
	{pattern: "POST /projects/{id}/repository/commits", role: Guest, feature: "code", serve: (*call).createCommit},
	{pattern: "GET /projects/{id}/repository/commits/{sha}", open: true, feature: "code", serve: (*call).getCommit},
	{pattern: "GET /projects/{id}/repository/commits/{sha}/merge_requests", open: true, feature: "merge_requests", serve: (*call).listBringers},
	{pattern: "GET /projects/{id}/repository/commits/{sha}/signature", open: true, feature: "code", serve: (*call).getSignature},
}

func (c *call) listCommits(a args) (int, any, error) {
	at, ok := c.resolve(orElse(a.str("ref_name"), a.str("ref")))
	if !ok {
		return 0, nil, notFound("Commit")
	}
	commits := c.project.git.Between("", at.ID)
	slices.Reverse(commits)
	return http.StatusOK, page(c, a, commits, func(v git.Commit) any { return c.commit(c.project, v) }), nil
}

func (c *call) pathCommit() (git.Commit, error) {
	v, ok := c.resolve(c.request.PathValue("sha"))
	if !ok {
		return v, notFound("Commit")
	}
	return v, nil
}

func (c *call) getCommit(args) (int, any, error) {
	v, err := c.pathCommit()
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, c.commitDetail(c.project, v), nil
}

func (c *call) getSignature(args) (int, any, error) {
	v, err := c.pathCommit()
	if err != nil {
		return 0, nil, err
	}
	if v.Signature == "" {
		return 0, nil, notFound("Signature")
	}
	return http.StatusOK, jsonObject{"signature_type": "SSH", "verification_status": "verified_system", "commit_source": "gitaly", "key": nil}, nil
}

func (c *call) listBringers(a args) (int, any, error) {
	v, err := c.pathCommit()
	if err != nil {
		return 0, nil, err
	}
	found := c.project.bringers(v.ID)
	if state := a.str("state"); state != "" && state != "all" {
		found = slices.DeleteFunc(found, func(m *mergeRequest) bool { return m.state != state })
	}
	return http.StatusOK, page(c, a, found, func(m *mergeRequest) any { return c.mergeBasic(m) }), nil
}

// action is one of a commit's, as the request has it.
type action struct {
	Action          string  `json:"action"`
	Path            string  `json:"file_path"`
	Previous        string  `json:"previous_path"`
	Content         *string `json:"content"`
	Encoding        string  `json:"encoding"`
	LastCommit      string  `json:"last_commit_id"`
	ExecuteFilemode *bool   `json:"execute_filemode"`
}

// createCommit makes a commit and puts it on a branch, all in one request.
//
// Spec: GitLab's "Commits API", create a commit.
func (c *call) createCommit(a args) (int, any, error) {
	actions, err := readActions(a)
	if err != nil {
		return 0, nil, err
	}
	p, branch := c.project, a.str("branch")
	if err := c.mayPush(p, branch); err != nil {
		return 0, nil, err
	}
	start, err := c.startOf(a)
	if err != nil {
		return 0, nil, err
	}
	tree, err := p.act(start, actions)
	if err != nil {
		return 0, nil, err
	}
	v := c.committed(a, tree)
	if start != "" {
		v.Parents = []git.ID{start}
	}
	if v, err = p.git.PutCommit(v); err != nil {
		return 0, nil, err
	}
	old, _ := p.git.Ref(git.BranchPrefix + branch)
	if err := p.hooks(branch, v.Message, old, v.ID); err != nil {
		return 0, nil, err
	}
	if err := c.moveBranch(p, c.token.account, branch, old, v.ID); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, c.commitDetail(p, v), nil
}

// committed is a commit of the token's account, as the parameters want it.
func (c *call) committed(a args, tree git.ID) git.Commit {
	who := c.signs(c.token.account)
	v := git.Commit{Tree: tree, Author: who, Committer: who, Message: a.str("commit_message"), Signature: c.signature()}
	v.Author.Name, v.Author.Email = orElse(a.str("author_name"), who.Name), orElse(a.str("author_email"), who.Email)
	if c.options.WebCommitter != "" && !c.options.Unsigned {
		v.Committer.Name, v.Committer.Email = "GitLab", c.options.WebCommitter
	}
	return v
}

// readActions reads a commit's parameters.
func readActions(a args) ([]action, error) {
	if err := a.need("branch", "commit_message", "actions"); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(a["actions"])
	if err != nil {
		return nil, wrong("actions is invalid")
	}
	var actions []action
	if err := json.Unmarshal(raw, &actions); err != nil {
		return nil, wrong("actions is invalid")
	}
	if len(actions) == 0 {
		return nil, wrong("actions is empty")
	}
	for i, act := range actions {
		if !slices.Contains([]string{"create", "update", "move", "delete", "chmod"}, act.Action) {
			return nil, wrong(fmt.Sprintf("actions[%d][action] does not have a valid value", i))
		}
		if act.Path == "" {
			return nil, wrong(fmt.Sprintf("actions[%d][file_path] is missing", i))
		}
		if act.Encoding != "" && act.Encoding != "text" && act.Encoding != "base64" {
			return nil, wrong(fmt.Sprintf("actions[%d][encoding] does not have a valid value", i))
		}
	}
	return actions, nil
}

// startOf is the commit that a new one goes on; empty for the first.
func (c *call) startOf(a args) (git.ID, error) {
	p, branch := c.project, a.str("branch")
	old, exists := p.git.Ref(git.BranchPrefix + branch)
	from := orElse(a.str("start_sha"), a.str("start_branch"))
	switch {
	case a.has("start_sha") && a.has("start_branch"):
		return "", wrong("start_branch, start_sha are mutually exclusive")
	case a.boolean("force") && from == "" && !exists && !p.empty():
		return "", badRequest("You can only create or edit files when you are on a branch")
	case from == "" && exists:
		return old, nil
	case from == "" && p.empty():
		return "", nil
	case from == "":
		return "", badRequest("You can only create or edit files when you are on a branch")
	case exists && !a.boolean("force"):
		return "", badRequest(fmt.Sprintf("A branch called '%s' already exists. Switch to that branch in order to make changes", branch))
	}
	start, ok := p.git.Resolve(from)
	if _, isBranch := p.git.Ref(git.BranchPrefix + from); !ok || a.has("start_branch") && !isBranch {
		return "", badRequest(fmt.Sprintf("Cannot find start_branch '%s'", from))
	}
	return start, nil
}
