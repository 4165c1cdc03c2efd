package github

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// Payload returns what GitHub would send to a webhook, or write to the file
// that GITHUB_EVENT_PATH names, for an event: one of [Server.Events], or one
// made up. A pull request is shown as it is now. Two names more are known:
// schedule, whose Action is the cron expression, and workflow_dispatch, whose
// Client are the inputs. The error wraps [git.ErrNotFound] where there is no
// such repository or pull request, and [git.ErrInvalid] for another name.
//
// Spec: GitHub's "Webhook events and payloads".
func (s *Server) Payload(e Event) (payload []byte, err error) {
	err = s.on(e.Repository, func(r *repository) error {
		l := links{api: s.URL(), web: s.web()}
		body := jsonObject{"repository": l.hooked(r), "sender": l.user(s.person(orDefault(e.By, r.owner.login)))}
		if r.owner.kind == Organization {
			body["organization"] = l.organization(r.owner)
		}
		if err := s.fill(body, l, r, e); err != nil {
			return err
		}
		payload, err = json.Marshal(body)
		return err
	})
	return payload, err
}

// fill adds what the event's own fields are.
func (s *Server) fill(body jsonObject, l links, r *repository, e Event) error {
	switch e.Name {
	case "push":
		s.fillPush(body, l, r, e)
	case "pull_request":
		p := r.pull(e.Number)
		if p == nil {
			return fmt.Errorf("pull request %d: %w", e.Number, git.ErrNotFound)
		}
		shown := s.pullShape(l, p)
		shown["head"], shown["base"] = l.hookedEnd(p.from, p.head, p.headID), l.hookedEnd(p.repository, p.base, p.baseID)
		body["action"], body["number"], body["pull_request"] = e.Action, e.Number, shown
		if e.Action == "synchronize" {
			body["before"], body["after"] = orDefault(e.Before, string(git.ZeroID)), p.headID
		}
	case "repository_dispatch":
		body["action"], body["branch"], body["client_payload"] = e.Action, r.options.DefaultBranch, orNothing(e.Client)
		body["installation"] = jsonObject{"id": 1, "node_id": nodeID("I", 1)}
	case "workflow_dispatch":
		body["inputs"], body["ref"], body["workflow"] = orNothing(e.Client), orDefault(e.Ref, r.defaultRef()), ".github/workflows/ci.yml"
	case "schedule":
		body["schedule"], body["workflow"] = e.Action, ".github/workflows/ci.yml"
	default:
		return fmt.Errorf("event %q: %w", e.Name, git.ErrInvalid)
	}
	return nil
}

func (s *Server) fillPush(body jsonObject, l links, r *repository, e Event) {
	var commits []any
	for _, c := range r.git.Between(git.ID(e.Before), git.ID(e.After)) {
		commits = append(commits, s.pushed(l, r, c))
	}
	body["ref"], body["before"], body["after"], body["base_ref"] = e.Ref, e.Before, e.After, nil
	body["created"], body["deleted"] = e.Before == string(git.ZeroID), e.After == string(git.ZeroID)
	body["forced"] = body["created"] != true && body["deleted"] != true && !r.git.IsAncestor(git.ID(e.Before), git.ID(e.After))
	body["compare"] = fmt.Sprintf("%s/%s/compare/%.12s...%.12s", l.web, r.fullName(), e.Before, e.After)
	body["commits"], body["head_commit"] = append([]any{}, commits...), nil
	if c, err := r.git.Commit(git.ID(e.After)); err == nil {
		body["head_commit"] = s.pushed(l, r, c)
	}
	by := s.person(orDefault(e.By, r.owner.login))
	body["pusher"] = jsonObject{"name": by.login, "email": by.email()}
	repository := l.hooked(r)
	repository["created_at"], repository["pushed_at"] = r.created.Unix(), r.pushed.Unix()
	repository["master_branch"], repository["stargazers"] = r.options.DefaultBranch, 0
	body["repository"] = repository
}

// hooked is a repository as events show it.
func (l links) hooked(r *repository) jsonObject {
	j := l.repository(r)
	j["custom_properties"] = jsonObject{}
	return j
}

func (l links) hookedEnd(r *repository, branch string, id git.ID) jsonObject {
	j := l.end(r, branch, id)
	j["repo"] = l.hooked(r)
	return j
}

// pushed is a commit as a push shows it.
func (s *Server) pushed(l links, r *repository, c git.Commit) jsonObject {
	person := func(p git.Person) jsonObject {
		j := jsonObject{"name": p.Name, "email": p.Email}
		if a := s.byEmail(p.Email); a != nil {
			j["username"] = a.login
		}
		return j
	}
	paths := map[string][]string{"ADDED": {}, "DELETED": {}, "MODIFIED": {}}
	for _, d := range r.changes(c) {
		paths[changeType(d)] = append(paths[changeType(d)], d.Path)
	}
	return jsonObject{
		"id": c.ID, "tree_id": c.Tree, "distinct": true, "message": c.Message, "timestamp": stamp(c.Committer.When),
		"url": fmt.Sprintf("%s/%s/commit/%s", l.web, r.fullName(), c.ID), "author": person(c.Author), "committer": person(c.Committer),
		"added": paths["ADDED"], "removed": paths["DELETED"], "modified": paths["MODIFIED"],
	}
}

func (l links) organization(a *account) jsonObject {
	at := l.api + "/orgs/" + a.login
	return jsonObject{
		"login": a.login, "id": a.id, "node_id": a.nodeID(), "url": at, "html_url": l.web + "/" + a.login, "repos_url": at + "/repos",
		"events_url": at + "/events", "hooks_url": at + "/hooks", "issues_url": at + "/issues", "members_url": at + "/members{/member}",
		"public_members_url": at + "/public_members{/member}", "avatar_url": l.web + "/" + a.login + ".png", "description": "",
	}
}

func orDefault(s, other string) string {
	if strings.TrimSpace(s) == "" {
		return other
	}
	return s
}

// orNothing is an empty object where there is nothing.
func orNothing(raw json.RawMessage) any {
	if len(raw) == 0 {
		return jsonObject{}
	}
	return raw
}
