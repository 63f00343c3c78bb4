namespace XLLM.Grains.Interfaces.Client;

/// <summary>Tells of dead silos. Without it a stream of one would say so only after Orleans has tried to leave it, for up to a response timeout of 30 s (10.4.2).</summary>
public interface ISiloDeaths
{
    /// <summary>Watches a silo until it is dead or the watch is disposed.</summary>
    /// <param name="silo">Its parsable address.</param>
    /// <param name="died">Called once at most, on a thread that must not be held up; at once for one that is known to be dead.</param>
    IDisposable Watch(string silo, Action died);
}
