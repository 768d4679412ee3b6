// Clocks, the server's CPU and memory as the kernel counts them, percentiles, and the report.

#include "load.h"
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double nowSec(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double loadCpuSec(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

double processCpuSec(int pid) {
  if (!pid) return 0;
  char path[300];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  if (!tasks) fail("process %d is gone", pid);
  double total = 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, task->d_name);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    unsigned long long nanos;
    if (fscanf(file, "%llu", &nanos) == 1) total += (double)nanos * 1e-9;
    fclose(file);
  }
  closedir(tasks);
  return total;
}

/** CPU seconds of everything on this machine: what neither server nor load used disturbs the measurement. */
static double machineCpuSec(void) {
  FILE *file = fopen("/proc/stat", "r");
  unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0;
  if (!file) return 0;
  if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &softirq,
             &steal) != 8)
    user = nice = system = irq = softirq = steal = 0;
  fclose(file);
  return (double)(user + nice + system + irq + softirq + steal) / (double)sysconf(_SC_CLK_TCK);
}

long serverMemoryKb(int pid, const char *name) {
  if (!pid) return 0;
  char path[60], line[200];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *file = fopen(path, "r");
  if (!file) fail("server %d is gone", pid);
  long value = 0;
  size_t length = strlen(name);
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, name, length) && line[length] == ':') value = atol(line + length + 1);
  fclose(file);
  return value;
}

Sample takeSample(const Options *options, uint64_t messages) {
  double load = loadCpuSec() + processCpuSec(options->helperPid);
  return (Sample){nowSec(), processCpuSec(options->pid), load, machineCpuSec(), messages};
}

void addLatency(Latencies *latencies, double seconds) {
  if (latencies->count == latencies->capacity) {
    latencies->capacity = latencies->capacity ? latencies->capacity * 2 : 1 << 16;
    latencies->nanos = realloc(latencies->nanos, latencies->capacity * sizeof *latencies->nanos);
    if (!latencies->nanos) fail("out of memory");
  }
  double nanos = seconds * 1e9;
  latencies->nanos[latencies->count++] = nanos > 4e9 ? 4000000000u : (uint32_t)nanos;
}

static int byValue(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double percentileUs(const Latencies *latencies, double share) {
  return latencies->nanos[(size_t)((double)(latencies->count - 1) * share)] / 1000.0;
}

void printReport(const Options *options, Report *report) {
  double seconds = report->end.atSec - report->start.atSec;
  uint64_t messages = report->end.messages - report->start.messages;
  double per = messages ? (double)messages : 1;
  printf("{\"mode\":\"%s\",\"messages\":%lu,\"seconds\":%.4f,\"rate\":%.1f", options->mode, messages, seconds,
         (double)messages / seconds);
  printf(",\"cpuUs\":%.5f,\"loadCpuUs\":%.5f", (report->end.serverCpu - report->start.serverCpu) * 1e6 / per,
         (report->end.loadCpu - report->start.loadCpu) * 1e6 / per);
  printf(",\"serverBusy\":%.3f,\"loadBusy\":%.3f", (report->end.serverCpu - report->start.serverCpu) / seconds,
         (report->end.loadCpu - report->start.loadCpu) / seconds);
  double others = report->end.machineCpu - report->start.machineCpu - (report->end.serverCpu - report->start.serverCpu) -
                  (report->end.loadCpu - report->start.loadCpu);
  printf(",\"othersBusy\":%.3f", others > 0 ? others / seconds : 0);
  printf(",\"published\":%lu,\"delivered\":%lu", report->published, report->delivered);
  Latencies *latencies = &report->latencies;
  if (latencies->count) {
    qsort(latencies->nanos, latencies->count, sizeof *latencies->nanos, byValue);
    printf(",\"samples\":%zu,\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f", latencies->count,
           percentileUs(latencies, 0.5), percentileUs(latencies, 0.99), percentileUs(latencies, 0.999),
           percentileUs(latencies, 1));
  }
  if (report->idle)
    printf(",\"idle\":%zu,\"bytesEach\":%.2f,\"totalKb\":%ld", report->idle,
           (double)report->idleKb * 1024 / (double)report->idle, report->idleKb);
  if (options->pid)
    printf(",\"rssKb\":%ld,\"peakRssKb\":%ld", serverMemoryKb(options->pid, "VmRSS"),
           serverMemoryKb(options->pid, "VmHWM"));
  printf("}\n");
}

void fail(const char *format, ...) {
  int error = errno;
  va_list args;
  va_start(args, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, args);
  va_end(args);
  if (error) fprintf(stderr, " (%s)", strerror(error));
  fputc('\n', stderr);
  exit(2);
}

void *allocate(size_t bytes) {
  void *memory = calloc(1, bytes);
  if (!memory) fail("out of memory");
  return memory;
}
