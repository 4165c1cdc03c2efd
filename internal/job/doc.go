// Package job holds what a CI system asks of a run and what it is told: inputs
// and how they are read ([Reader]), what is to be done ([Decision]), remarks on
// lines of files ([Annotation]). The CI systems themselves, GitHub's actions and
// GitLab's pipelines, are on a higher floor.
package job
