namespace XLLM.Silo.Engine;

/// <summary>Wakes one waiting thread; remembers a call that came while nobody waited. Waiting spins not at all, so an idle engine burns no processor time.</summary>
internal sealed class WakeSignal
{
    private readonly object _gate = new();      // Monitor's wait and pulse need an object, which System.Threading.Lock is not
    private bool _isSet;

    /// <summary>Wakes the thread that waits, or the next one that does.</summary>
    public void Set()
    {
        lock (_gate)
        {
            _isSet = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Waits until <see cref="Set"/> is called, or returns at once if it was since the last wait.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            while (!_isSet)
            {
                Monitor.Wait(_gate);
            }

            _isSet = false;
        }
    }
}
