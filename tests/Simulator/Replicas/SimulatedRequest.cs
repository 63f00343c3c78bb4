using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.Sequences;
using XLLM.Simulator.Traces;

namespace XLLM.Simulator.Replicas;

/// <summary>A request on its way, and what was measured of it. Times are seconds of virtual time.</summary>
/// <param name="number">Its place in the trace.</param>
/// <param name="trace">What it asks for.</param>
/// <param name="arrived">When the router saw it.</param>
internal sealed class SimulatedRequest(int number, TraceRequest trace, double arrived)
{
    public int Number { get; } = number;

    public TraceRequest Trace { get; } = trace;

    public double Arrived { get; } = arrived;

    /// <summary>Its sequence in the replica that has it.</summary>
    public Sequence? Sequence { get; set; }

    /// <summary>Replica that has it.</summary>
    public int Replica { get; set; } = -1;

    /// <summary>The router's name for the choice.</summary>
    public long Ticket { get; set; }

    /// <summary>Tokens of its prompt that another replica is to send first.</summary>
    public int CopiedTokens { get; set; }

    /// <summary>Hashes of the prompt's full blocks; dropped when it has begun.</summary>
    public PrefixHash[] Prefix { get; set; } = [];

    public double FirstTokenAt { get; set; } = double.NaN;

    public double LastTokenAt { get; set; } = double.NaN;

    public int CachedTokens { get; set; }

    public int Drawn { get; set; }

    /// <summary>Refused by a router or too long for a replica: it has no tokens.</summary>
    public bool Refused { get; set; }

    public double TimeToFirstToken => FirstTokenAt - Arrived;

    /// <summary>Mean time of the tokens after the first; NaN where there is only one.</summary>
    public double TimePerToken => Drawn > 1 ? (LastTokenAt - FirstTokenAt) / (Drawn - 1) : double.NaN;
}
