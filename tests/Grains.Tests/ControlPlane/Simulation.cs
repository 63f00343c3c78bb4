namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>Virtual time: what is to happen, in the order of its time, and of its planning where times are equal.</summary>
internal abstract class Simulation
{
    private readonly PriorityQueue<Action, (double Time, long Order)> _events = new();
    private long _order;

    /// <summary>Seconds from the begin.</summary>
    protected double Now { get; private set; }

    /// <summary>Has something happen at a time.</summary>
    protected void At(double time, Action action) => _events.Enqueue(action, (time, _order++));

    /// <summary>Has something happen later.</summary>
    protected void After(double seconds, Action action) => At(Now + seconds, action);

    /// <summary>Lets happen all that comes before a time.</summary>
    protected void RunUntil(double end)
    {
        while (_events.TryDequeue(out var next, out var at) && at.Time < end)
        {
            Now = at.Time;
            next();
        }
    }
}
