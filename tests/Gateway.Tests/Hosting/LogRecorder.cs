using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace XLLM.Gateway.Tests.Hosting;

/// <summary>Keeps log lines for tests to read.</summary>
internal sealed class LogRecorder : ILoggerProvider
{
    private readonly ConcurrentQueue<(int Id, LogLevel Level, string Text)> _lines = [];
    private readonly ConcurrentBag<(int Id, TaskCompletionSource<string> Waiter)> _waiters = [];

    public IEnumerable<(int Id, LogLevel Level, string Text)> Lines => _lines;

    /// <summary>The next line of an id.</summary>
    public Task<string> NextAsync(int id)
    {
        var waiter = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Add((id, waiter));
        return waiter.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private sealed class Logger(LogRecorder recorder) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            recorder._lines.Enqueue((eventId.Id, logLevel, text));
            foreach (var (id, waiter) in recorder._waiters)
            {
                if (id == eventId.Id)
                {
                    waiter.TrySetResult(text);
                }
            }
        }
    }
}
