# escape=`
# syntax=docker/dockerfile:1@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
FROM mcr.microsoft.com/windows/servercore:ltsc2022@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a AS build
SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop';"]
RUN Invoke-WebRequest -Uri https://example.com/tool.zip -OutFile C:\tool.zip ; `
    # FROM here on it is unpacked
    Expand-Archive C:\tool.zip -DestinationPath C:\tool\ ; `
    Remove-Item C:\tool.zip

FROM `
    mcr.microsoft.com/windows/nanoserver:ltsc2022@sha256:691d4704821d247ddae85d9198e620be0ace249e6f5203d516a6fda5e4d6a89a
COPY --from=build C:\tool\ C:\tool\
ENTRYPOINT ["C:\\tool\\tool.exe"]
