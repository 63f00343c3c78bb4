using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using XLLM.Silo.Execution;

namespace XLLM.Silo.Engine;

/// <summary>Steps execute on a thread of their own, so that the next one can be planned meanwhile. Two may be under way: one executes, one waits.</summary>
internal sealed class ThreadedStepPipeline : IStepPipeline
{
    private readonly Lock _gate = new();
    private readonly Queue<StepPlan> _submitted = new(2);
    private readonly Queue<StepPlan> _finished = new(2);
    private readonly IStepExecutor _executor;
    private readonly WakeSignal _work = new();
    private readonly WakeSignal _loop;
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _fault;
    private bool _stops;

    /// <param name="executor">Executes the steps.</param>
    /// <param name="loop">Set when a step has finished.</param>
    /// <param name="name">Name of the thread.</param>
    public ThreadedStepPipeline(IStepExecutor executor, WakeSignal loop, string name)
    {
        (_executor, _loop) = (executor, loop);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public int Depth => 2;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public void Submit(StepPlan plan)
    {
        lock (_gate)
        {
            _submitted.Enqueue(plan);
        }

        Count++;
        _work.Set();
    }

    /// <inheritdoc/>
    public bool TryTakeFinished([NotNullWhen(true)] out StepPlan? plan)
    {
        lock (_gate)
        {
            _fault?.Throw();
            if (!_finished.TryDequeue(out plan))
            {
                return false;
            }
        }

        Count--;
        return true;
    }

    /// <summary>Ends the thread after the steps that were submitted.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stops, true);
        _work.Set();
        _thread.Join();
    }

    private void Run()
    {
        try
        {
            ExecuteSteps();
        }
        catch (Exception exception)
        {
            // Executors do not throw for a step that fails. One that does has a fault of its own, which the loop must hear of.
            lock (_gate)
            {
                _fault = ExceptionDispatchInfo.Capture(exception);
            }

            _loop.Set();
        }
    }

    private void ExecuteSteps()
    {
        while (true)
        {
            StepPlan? plan;
            lock (_gate)
            {
                _submitted.TryDequeue(out plan);
            }

            if (plan is not null)
            {
                _executor.Execute(plan);
                lock (_gate)
                {
                    _finished.Enqueue(plan);
                }

                _loop.Set();
            }
            else if (Volatile.Read(ref _stops))
            {
                return;
            }
            else
            {
                _work.Wait();
            }
        }
    }
}
