package gitlab

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

var pipelineRoutes = []route{
	{pattern: "POST /projects/{id}/trigger/pipeline", open: true, job: true, serve: (*call).triggerPipeline},
	{pattern: "POST /projects/{id}/pipeline", role: Developer, feature: "code", serve: (*call).createPipeline},
	{pattern: "GET /projects/{id}/pipelines", open: true, feature: "code", serve: (*call).listPipelines},
	{pattern: "GET /projects/{id}/pipelines/{pipeline}", open: true, feature: "code", serve: (*call).getPipeline},
	{pattern: "GET /projects/{id}/merge_requests/{iid}/pipelines", open: true, feature: "merge_requests", serve: onMerge((*call).listMergePipelines)},
}

// triggerPipeline starts a pipeline by a trigger token, or a job's.
//
// Spec: GitLab's "Pipeline trigger tokens API".
func (c *call) triggerPipeline(a args) (int, any, error) {
	if err := a.need("ref", "token"); err != nil {
		return 0, nil, err
	}
	by, source := (*account)(nil), "trigger"
	if t := c.triggers[a.str("token")]; t != nil && t.project == c.project {
		by = t.by
	} else if t := c.tokens[a.str("token")]; t != nil && t.Kind == JobToken {
		by, source = t.account, "pipeline"
	}
	if by == nil {
		return 0, nil, notFound("Not found")
	}
	given, _ := a["variables"].(map[string]any)
	variables := map[string]string{}
	for name, value := range given {
		variables[name] = fmt.Sprint(value)
	}
	for name, value := range a { // variables[NAME]=value of a form or query
		if key, ok := strings.CutPrefix(name, "variables["); ok {
			variables[strings.TrimSuffix(key, "]")] = fmt.Sprint(value)
		}
	}
	return c.startPipelineAt(a.str("ref"), by, source, variables)
}

func (c *call) createPipeline(a args) (int, any, error) {
	if err := a.need("ref"); err != nil {
		return 0, nil, err
	}
	variables := map[string]string{}
	list, _ := a["variables"].([]any)
	for _, v := range list {
		if one, ok := v.(map[string]any); ok {
			variables[fmt.Sprint(one["key"])] = fmt.Sprint(one["value"])
		}
	}
	return c.startPipelineAt(a.str("ref"), c.token.account, "api", variables)
}

func (c *call) startPipelineAt(ref string, by *account, source string, variables map[string]string) (int, any, error) {
	sha, ok := c.project.git.Ref(git.BranchPrefix + ref)
	if !ok {
		sha, ok = c.project.git.Ref("refs/tags/" + ref)
	}
	if !ok {
		return 0, nil, &apiError{Status: http.StatusBadRequest, Message: jsonObject{"base": []string{"Reference not found"}}}
	}
	return http.StatusCreated, c.pipelineShape(c.addPipeline(c.project, by, ref, sha, source, variables)), nil
}

func (c *call) pipelinesOf(want func(*pipeline) bool) []*pipeline {
	var found []*pipeline
	for i := len(c.pipelines) - 1; i >= 0; i-- {
		if r := c.pipelines[i]; r.project == c.project && want(r) {
			found = append(found, r)
		}
	}
	return found
}

func (c *call) listPipelines(a args) (int, any, error) {
	found := c.pipelinesOf(func(r *pipeline) bool {
		return (!a.has("sha") || a.str("sha") == string(r.sha)) && (!a.has("ref") || a.str("ref") == r.ref) && (!a.has("status") || a.str("status") == r.status)
	})
	return http.StatusOK, page(c, a, found, func(r *pipeline) any { return c.pipelineBasic(r) }), nil
}

func (c *call) listMergePipelines(a args, m *mergeRequest) (int, any, error) {
	found := c.pipelinesOf(func(r *pipeline) bool { return r.merge == m })
	return http.StatusOK, page(c, a, found, func(r *pipeline) any { return c.pipelineBasic(r) }), nil
}

func (c *call) getPipeline(args) (int, any, error) {
	id, _ := strconv.ParseInt(c.request.PathValue("pipeline"), 10, 64) // none has number 0
	found := c.pipelinesOf(func(r *pipeline) bool { return r.id == id })
	if len(found) == 0 {
		return 0, nil, notFound("Not found")
	}
	return http.StatusOK, c.pipelineShape(found[0]), nil
}
