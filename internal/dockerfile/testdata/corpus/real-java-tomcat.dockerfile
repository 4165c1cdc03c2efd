ARG MAVEN_TAG=3.9-eclipse-temurin-21
ARG TOMCAT_TAG="10"
ARG TOMCAT_DIGEST="sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a"

FROM maven:${MAVEN_TAG} AS build
WORKDIR /src
COPY pom.xml .
RUN --mount=type=cache,target=/root/.m2 mvn -B dependency:go-offline
COPY src src
RUN --mount=type=cache,target=/root/.m2 mvn -B package -DskipTests

FROM tomcat:${TOMCAT_TAG}@${TOMCAT_DIGEST}
RUN rm -rf /usr/local/tomcat/webapps/*
COPY --from=build /src/target/*.war /usr/local/tomcat/webapps/ROOT.war
HEALTHCHECK --interval=30s --timeout=3s CMD curl -fs http://localhost:8080/health || exit 1
