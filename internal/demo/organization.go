package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	hub "github.com/basekeeper/basekeeper/internal/sandbox/github"
)

// project is a repository.
type project struct {
	name       string
	dockerfile string // BASE{name:tag} stands for the pinned reference
	remark     string // why it is left alone; empty for those that are not
	options    hub.RepositoryOptions
	files      map[string]string // besides
}

// layered is a family of images, rhel under middleware under apps, and what an
// organisation has besides.
var layered = []project{
	{name: "rhel", dockerfile: "FROM scratch\nADD rhel.tar /\n"},
	{name: "tomcat", dockerfile: "FROM BASE{base/rhel:7.5}\nRUN yum install -y tomcat\n"},
	{name: "mysql", dockerfile: "FROM BASE{base/rhel:7.5}\nRUN yum install -y mysql-server\n"},
	{name: "redis", dockerfile: "ARG RHEL=BASE{base/rhel:7.5}\nFROM ${RHEL}\nRUN yum install -y redis\n"},
	{name: "shop", dockerfile: "FROM BASE{middleware/tomcat:9}\nCOPY shop.war /opt/tomcat/webapps/\n"},
	{name: "billing", dockerfile: "FROM BASE{middleware/tomcat:9}\nCOPY billing.war /opt/tomcat/webapps/\n"},
	{name: "orders", dockerfile: "FROM BASE{middleware/mysql:8}\nCOPY schema.sql /docker-entrypoint-initdb.d/\n"},
	{name: "sessions", dockerfile: "FROM BASE{middleware/redis:7}\nCOPY redis.conf /etc/\n"},
	{name: "try-tomcat", dockerfile: "FROM BASE{base/rhel:7.5}\n", remark: "a fork", options: hub.RepositoryOptions{Fork: true}},
	{name: "attic", dockerfile: "FROM BASE{base/rhel:7.5}\n", remark: "archived", options: hub.RepositoryOptions{Archived: true}},
	{
		name: "frozen", dockerfile: "FROM BASE{base/rhel:7.5}\n", remark: "its .basekeeper.yaml says enabled: false",
		files: map[string]string{".basekeeper.yaml": "enabled: false\n"},
	},
}

// organize makes the organisation's repositories. They pin what is published
// now, in a registry of that name.
func (w *World) organize(registry string) error {
	for _, p := range layered {
		files := []hub.File{{Path: "Dockerfile", Content: []byte(w.pin(p.dockerfile, registry))}}
		for path, content := range p.files {
			files = append(files, hub.File{Path: path, Content: []byte(content)})
		}
		if err := w.github.CreateRepository(full(p.name), p.options, files...); err != nil {
			return err // it names the repository
		}
	}
	return nil
}

// Furnish publishes images and makes the organisation's repositories. The base
// of the middleware has moved already. The tag next of base/rhel and of the
// middleware is where their other tags could go.
func (w *World) Furnish(ctx context.Context) error {
	if err := w.publish(ctx, firstImages); err != nil {
		return err
	}
	if err := w.organize(w.Registry); err != nil {
		return err
	}
	return w.publish(ctx, slices.Concat(movedRHEL, nextImages))
}

// full is a repository's name with its owner.
func full(name string) string { return Organization + "/" + name }

// bases lists what a project is built on.
func (p project) bases() string {
	var all []string
	for _, part := range strings.Split(p.dockerfile, "BASE{")[1:] {
		base, _, _ := strings.Cut(part, "}")
		if !slices.Contains(all, base) {
			all = append(all, base)
		}
	}
	if len(all) == 0 {
		return "scratch"
	}
	return strings.Join(all, ", ")
}

// String is a line for a list of projects.
func (p project) String() string {
	line := fmt.Sprintf("  %-11s on %s", p.name, p.bases())
	if p.remark != "" {
		line += "; " + p.remark
	}
	return line
}
