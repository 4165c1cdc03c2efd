package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	rest "github.com/google/go-github/v60/github"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// decorate adds what a pull request can do without. To a new one: labels,
// assignees, reviewers and automerge, all in one request after one that looks
// up their ids; labels that the repository has not got yet are one more, teams
// another. The same request gives the pull request the body that says that all
// is there. Where the pull request was there before and had everything, only
// labels that it lacks: automerge was told together with its content. What
// fails is a warning.
func (c *Client) decorate(ctx context.Context, p forge.Proposal, done *forge.Proposed) {
	owner, name, _ := split(p.Repository.Name)
	d := &decorator{client: c, owner: owner, name: name, done: done}
	merge := d.mayMerge(p)
	if p.Pull != nil && p.Begun == "" {
		d.addLabels(ctx, missing(p.Labels, done.Pull.Labels))
		return
	}
	users, teams := d.reviewers(p.Reviewers)
	found, err := d.lookUp(ctx, p.Labels, users, p.Assignees)
	if err != nil {
		d.warn("labels, reviewers and assignees", err)
		return
	}
	if len(found.newLabels) > 0 { // GitHub makes them on the way
		d.addLabels(ctx, p.Labels)
		found.labels = nil
	}
	if len(teams) > 0 { // whose ids the token may not know
		d.request(ctx, users, teams)
		found.reviewers = nil
	}
	method := p.AutoMerge
	if !merge {
		method = ""
	}
	if p.Begun != "" {
		found.body, found.unmerge = p.Body, p.TakeBack && done.Pull.AutoMerge
	}
	d.apply(ctx, found, method)
}

// decorator adds to one pull request.
type decorator struct {
	client      *Client
	owner, name string
	done        *forge.Proposed
}

func (d *decorator) warn(what string, err error) {
	d.done.Warnings = append(d.done.Warnings, what+": "+err.Error())
}

// startsNothing is why automerge has no point for GITHUB_TOKEN.
const startsNothing = "what GITHUB_TOKEN merges starts no workflow"

// mayMerge reports whether automerge is wanted and has a point.
func (d *decorator) mayMerge(p forge.Proposal) bool {
	if p.AutoMerge == "" || d.done.Pull.AutoMerge {
		return false
	}
	if d.client.knownAccount().Kind == forge.Pipeline {
		d.warn("automerge", errors.New("refused: "+startsNothing+"; use the token of an App or of a user"))
		return false
	}
	return true
}

// missing returns those of wanted that are not there; GitHub's labels and
// logins differ by more than case.
func missing(wanted, there []string) []string {
	var left []string
	for _, w := range wanted {
		if !slices.ContainsFunc(there, func(t string) bool { return strings.EqualFold(t, w) }) {
			left = append(left, w)
		}
	}
	return left
}

// reviewers sorts users from teams, which are written owner/team.
func (d *decorator) reviewers(all []string) (users, teams []string) {
	for _, r := range all {
		org, team, isTeam := strings.Cut(r, "/")
		switch {
		case isTeam && !strings.EqualFold(org, d.owner):
			d.warn("reviewers", fmt.Errorf("%s is no team of %s", forge.OneLine(r), d.owner))
		case isTeam:
			teams = append(teams, team)
		case strings.EqualFold(r, d.client.knownAccount().Login):
			d.warn("reviewers", fmt.Errorf("%s opened the pull request and cannot review it", forge.OneLine(r)))
		default:
			users = append(users, r)
		}
	}
	return users, teams
}

// decorations are ids of what is to be added.
type decorations struct {
	labels, reviewers, assignees []string
	newLabels                    []string // names that the repository has not got
	unmerge                      bool     // automerge is taken back
	body                         string   // that the pull request gets in the end; empty to leave it
}

// lookUp finds the ids of labels and users: one reading request, none where
// there is nothing to look up.
func (d *decorator) lookUp(ctx context.Context, labels, reviewers, assignees []string) (decorations, error) {
	var found decorations
	names := slices.Concat(labels, reviewers, assignees)
	if len(names) == 0 {
		return found, nil
	}
	doc := newDocument("", map[string]any{})
	b := batch{owner: d.owner}
	for i, name := range names {
		b.items = append(b.items, i)
		if i < len(labels) {
			doc.field(i, "repository(owner:%s,name:%s){label(name:%s){id}}", doc.variable("String!", d.owner), doc.variable("String!", d.name), doc.variable("String!", name))
		} else {
			doc.field(i, "user(login:%s){id}", doc.variable("String!", name))
		}
	}
	answers, err := askAll[struct {
		ID    string
		Label *struct{ ID string }
	}](ctx, d.client, b, doc)
	if err != nil {
		return found, err
	}
	for i, name := range names {
		id := ""
		if v := answers[i].Value; v != nil && v.Label != nil {
			id = v.Label.ID
		} else if v != nil {
			id = v.ID
		}
		switch {
		case id == "" && i < len(labels):
			found.newLabels = append(found.newLabels, name)
		case id == "":
			d.warn("reviewers and assignees", fmt.Errorf("there is no user %s", forge.OneLine(name)))
		case i < len(labels):
			found.labels = append(found.labels, id)
		case i < len(labels)+len(reviewers):
			found.reviewers = append(found.reviewers, id)
		default:
			found.assignees = append(found.assignees, id)
		}
	}
	return found, nil
}

// apply adds all that has an id in one request.
func (d *decorator) apply(ctx context.Context, found decorations, method string) {
	pull := d.done.Pull
	var declared, fields strings.Builder
	variables := map[string]any{}
	add := func(s step, kind, more string, input map[string]any) {
		fmt.Fprintf(&declared, ",$%s:%s!", s.alias, kind)
		fmt.Fprintf(&fields, "%s:%s(input:$%s){clientMutationId%s}\n", s.alias, s.mutation, s.alias, more)
		variables[s.alias] = input
	}
	if len(found.labels) > 0 {
		add(stepLabels, "AddLabelsToLabelableInput", fmt.Sprintf(" labelable{labels(first:%d){nodes{name}}}", pullLabels),
			map[string]any{"labelableId": pull.ID, "labelIds": found.labels})
	}
	if len(found.assignees) > 0 {
		add(stepAssign, "AddAssigneesToAssignableInput", "", map[string]any{"assignableId": pull.ID, "assigneeIds": found.assignees})
	}
	if len(found.reviewers) > 0 {
		add(stepRequest, "RequestReviewsInput", "", map[string]any{"pullRequestId": pull.ID, "userIds": found.reviewers, "union": true})
	}
	if method != "" {
		add(stepMerge, "EnablePullRequestAutoMergeInput", "", mergeInput(pull.ID, method, d.done.Commit))
	}
	if found.unmerge {
		add(stepUnmerge, "DisablePullRequestAutoMergeInput", "", map[string]any{"pullRequestId": pull.ID})
	}
	if found.body != "" { // the last one: who is cut off before comes back
		add(stepUpdatePull, "UpdatePullRequestInput", "", map[string]any{"pullRequestId": pull.ID, "body": found.body})
	}
	if len(variables) == 0 {
		return
	}
	var answer struct {
		Labels *struct {
			Labelable struct{ Labels struct{ Nodes []named } }
		}
	}
	faults, err := d.client.mutate(ctx, d.owner, "mutation("+strings.TrimPrefix(declared.String(), ",")+"){"+fields.String()+"}", variables, &answer)
	if err != nil {
		d.warn("labels, reviewers, assignees and automerge", err)
		return
	}
	failed := byStep(faults)
	for _, s := range []step{stepLabels, stepAssign, stepRequest, stepMerge, stepUnmerge, stepUpdatePull} {
		f, ok := failed[s.alias]
		if !ok {
			f, ok = failed[""]
		}
		if _, asked := variables[s.alias]; ok && asked {
			d.warn(s.verb, d.client.fault(s.mutation, f))
		}
	}
	if answer.Labels != nil {
		d.labelled(len(answer.Labels.Labelable.Labels.Nodes), func(i int) string { return answer.Labels.Labelable.Labels.Nodes[i].Name })
	}
	_, mergeFailed := failed[stepMerge.alias]
	if _, stays := failed[stepUnmerge.alias]; found.unmerge && !stays && !failed.whole() {
		d.done.Pull.AutoMerge = false
	}
	d.done.Pull.AutoMerge = d.done.Pull.AutoMerge || method != "" && !mergeFailed && !failed.whole()
}

var (
	stepLabels  = step{"labels", "addLabelsToLabelable", "labels"}
	stepAssign  = step{"assign", "addAssigneesToAssignable", "assignees"}
	stepRequest = step{"request", "requestReviews", "reviewers"}
	stepMerge   = step{"merge", "enablePullRequestAutoMerge", "automerge"}
	stepUnmerge = step{"unmerge", "disablePullRequestAutoMerge", "take automerge back"}
)

// addLabels adds labels by name.
func (d *decorator) addLabels(ctx context.Context, labels []string) {
	if len(labels) == 0 {
		return
	}
	// go-github sends a bare list, which GitHub's description does not know.
	at := fmt.Sprintf("repos/%s/%s/issues/%d/labels", d.owner, d.name, d.done.Pull.Number)
	req, err := d.client.rest.NewRequest(http.MethodPost, at, map[string][]string{"labels": labels})
	if err != nil {
		d.warn("labels", err)
		return
	}
	var now []rest.Label
	resp, err := d.client.rest.Do(setting(ctx, d.owner), req, &now)
	if err != nil {
		d.warn("labels", restError(d.client.who(), resp, err))
		return
	}
	d.labelled(len(now), func(i int) string { return now[i].GetName() })
}

// labelled notes the labels that an answer tells.
func (d *decorator) labelled(n int, name func(int) string) {
	d.done.Pull.Labels = nil
	for i := range n {
		d.done.Pull.Labels = append(d.done.Pull.Labels, name(i))
	}
	slices.Sort(d.done.Pull.Labels)
}

// request asks users and teams for a review by name.
func (d *decorator) request(ctx context.Context, users, teams []string) {
	ask := rest.ReviewersRequest{Reviewers: users, TeamReviewers: teams}
	_, resp, err := d.client.rest.PullRequests.RequestReviewers(setting(ctx, d.owner), d.owner, d.name, d.done.Pull.Number, ask)
	if err != nil {
		d.warn("reviewers", restError(d.client.who(), resp, err))
	}
}
