package render_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

func pulled() []render.Pulled {
	return []render.Pulled{
		{Pull: plan.Pull{Repository: "acme/app", Branch: "basekeeper/debian-12", Number: 12, URL: "https://github.com/acme/app/pull/12", Title: "chore(deps): bump debian:12 to 2222222", Step: plan.Create}, Done: true, Warnings: []string{"label docker: not found"}},
		{Pull: plan.Pull{Repository: "acme/api", Branch: "basekeeper/all", Number: 3, URL: "http://127.0.0.1:8080/acme/api/pull/3", Step: plan.Update, Reason: "a person asked for it"}, Done: true},
		{Pull: plan.Pull{Repository: "acme/web", Branch: "basekeeper/all", Step: plan.Create, Title: "chore"}, Error: "acme/web: permission denied"},
		{Pull: plan.Pull{Repository: "acme/db", Branch: "basekeeper/all", Step: plan.Leave, Reason: "#7, which made the same change, was closed unmerged"}},
		{Pull: plan.Pull{Repository: "acme/x", Branch: "basekeeper/all", Step: plan.Update}, Lost: "changed by somebody else meanwhile"},
	}
}

func reports() map[string]render.Report {
	run := full()
	run.Skips = []plan.Skip{{Repository: "acme/old", Reason: "it is archived"}, {Repository: "acme/new", Reason: "502 Bad Gateway", Failed: true}}
	bad := hostile()
	bad.Skips = []plan.Skip{{Repository: evil, Reason: strings.Join(attacks[:30], " "), Failed: true}}
	bad.Bumps[0].Note = "| a | b |\n|---|---|\n@octocat http://evil.example"
	var evils []render.Pulled
	for _, a := range attacks {
		evils = append(evils, render.Pulled{
			Pull:  plan.Pull{Repository: a, Branch: a, Number: 1, URL: "https://evil.example/" + a, Title: a, Step: plan.Leave, Reason: a},
			Error: a, Warnings: []string{a},
		})
	}
	return map[string]render.Report{
		"full":    {Plan: run, Pulled: pulled(), Requests: []render.Requests{{Host: "docker.io", Count: 12}, {Host: "github.com", Count: 3}}, Notes: []string{"dry run: nothing was changed"}},
		"empty":   {},
		"hostile": {Plan: bad, Pulled: evils, Requests: []render.Requests{{Host: evil, Count: 1}}, Notes: attacks},
	}
}

func TestJobSummary(t *testing.T) {
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			got := render.JobSummary(r)
			golden(t, "summary-"+name+".md", []byte(got))
			harmless(t, got)
			page, plain := seen(t, got)
			assert.NotRegexp(t, references, plain)
			for _, link := range links.FindAllStringSubmatch(page, -1) {
				assert.Regexp(t, `^(https://(github\.com|evil\.example)/|http://127\.0\.0\.1)`, link[1])
			}
			for _, bad := range []string{"<img", "<script", "<!--", "</details>"} {
				assert.NotContains(t, page, bad)
			}
			columns := map[int]bool{}
			for _, row := range regexp.MustCompile(`(?s)<tr>(.*?)</tr>`).FindAllStringSubmatch(page, -1) {
				columns[strings.Count(row[1], "<td")+strings.Count(row[1], "<th")] = true
			}
			for n := range columns {
				assert.Contains(t, []int{2, 4}, n, "a cell ends where it should")
			}
		})
	}
}

func TestJobSummaryIsBounded(t *testing.T) {
	r := reports()["hostile"]
	long := strings.Repeat("@|`ä", 300)
	for range 400 {
		r.Pulled = append(r.Pulled, render.Pulled{Pull: plan.Pull{Repository: long, Reason: long}, Warnings: []string{long, long, long, long}})
		r.Plan.Bumps = append(r.Plan.Bumps, plan.Bump{Repository: long, Image: long, Note: long, Edits: []plan.Edit{edit(long, 1)}})
		r.Plan.Holds = append(r.Plan.Holds, plan.Hold{Repository: long, Path: long, Reason: long})
		r.Plan.Problems = append(r.Plan.Problems, scan.Problem{Path: long, Message: long})
		r.Plan.Skips = append(r.Plan.Skips, plan.Skip{Repository: long, Reason: long})
		r.Requests = append(r.Requests, render.Requests{Host: long})
		r.Notes = append(r.Notes, long)
	}
	got := render.JobSummary(r)
	assert.Less(t, len(got), 1<<20)
	assert.Len(t, regexp.MustCompile(`(?m)and [0-9]+ more$`).FindAllString(got, -1), 7)
}

func TestSortRequests(t *testing.T) {
	all := []render.Requests{{"b", 1}, {"a", 1}, {"c", 2}}
	render.SortRequests(all)
	assert.Equal(t, []render.Requests{{"c", 2}, {"a", 1}, {"b", 1}}, all)
}

func TestAnnotations(t *testing.T) {
	var got []string
	for _, a := range render.Annotations(full()) {
		got = append(got, strings.Join([]string{string(a.Level), a.Path, string(rune('0' + a.Line%10)), a.Title}, " "))
	}
	assert.Equal(t, []string{
		"error app/Dockerfile 1 Base image is gone",
		"error app/a b/Dockerfile 2 Base image is gone",
		"error app/Dockerfile 9 Base image is gone",
		"error app/broken/Dockerfile 2 Dockerfile cannot be read",
		"error whole 1 Dockerfile cannot be read",
		"warning Dockerfile 7 Base image has moved on",
		"warning app/Dockerfile 5 Base image has moved on",
	}, got, "what is only unpinned, young or unknown is not shown")
	for _, a := range render.Annotations(hostile()) {
		harmless(t, a.Path+a.Title+a.Message)
		assert.NotContains(t, a.Path+a.Message, "\n")
	}
	assert.Empty(t, render.Annotations(plan.Plan{}))
}
