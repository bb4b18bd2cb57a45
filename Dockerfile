# The action's image: the program without what only serves tests and demo (embedded workspace, stand-in for tb), on a
# runtime of the modules it needs. `.ci/image` builds and tries it on machines without Docker.
FROM docker.io/library/maven:3.9-eclipse-temurin-25 AS build
WORKDIR /build
COPY pom.xml .
COPY deploy/templates deploy/templates
COPY src/main src/main
RUN mvn -B -ntp -q -Dquick -Dspotless.check.skip=true -Dmaven.test.skip=true package
RUN mkdir slim && cd slim && jar -xf ../target/tinybird-backfill.jar \
 && rm -r dev/backfill/local dev/backfill/demo dev/backfill/tb demo \
      dev/backfill/cli/LocalCommand*.class dev/backfill/cli/DemoCommand*.class dev/backfill/cli/TbCommand*.class \
 && jar -cfm ../backfill.jar META-INF/MANIFEST.MF -C . .
RUN jlink --add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.security.jgss,java.sql,java.xml,jdk.crypto.ec,jdk.unsupported,jdk.zipfs \
      --strip-debug --no-header-files --no-man-pages --compress zip-6 --output /runtime

FROM docker.io/library/debian:bookworm-slim
COPY --from=build /runtime /opt/java
COPY --from=build /build/backfill.jar /opt/backfill/backfill.jar
# No USER and no WORKDIR: the runner mounts its folders for root and starts in the workspace.
ENTRYPOINT ["/opt/java/bin/java", "-Xlog:disable", "-Xlog:all=warning:stderr", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m", "-Xmn32m", "-jar", "/opt/backfill/backfill.jar"]
